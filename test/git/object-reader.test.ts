import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GitProgram, gitProgram } from '../../src/git/cli/git-program.ts';
import { objectReader } from '../../src/git/cli/object-reader.ts';
import { treeWriter, writeObject } from '../../src/git/cli/object-writer.ts';
import { type Fixture, gitFixture } from './git-fixture.ts';

const signal = new AbortController().signal;

describe('a reader of objects', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await gitFixture();
    await fixture.write({ big: 'x'.repeat(3_000_000), small: 'y' });
    await fixture.commit('first');
  });
  afterAll(() => fixture.remove());

  const objects = () => objectReader(gitProgram(fixture.root, process.env));
  const idOf = async (name: string) => {
    const reader = objects();
    const found = await reader.read(`HEAD:${name}`);
    await reader.close();
    if (!found) throw new Error(`no ${name}`);
    return found.id;
  };

  it.each(['big', 'small'])('ends when the rest of a stream is left unread: %s', async (name) => {
    const id = await idOf(name);
    for (const stopAt of ['before the content', 'after the content']) {
      const blobs = objects().stream([id, id, id], signal)[Symbol.asyncIterator]();
      const { value } = await blobs.next();
      let size = 0;
      if (stopAt === 'after the content') for await (const chunk of value.chunks) size += chunk.length;
      await blobs.return?.(undefined);
      expect(size).toBe(stopAt === 'after the content' ? value.size : 0);
    }
  });

  it('closes while an object is being read', async () => {
    const reader = objects();
    const read = reader.read('HEAD:big').catch((error: unknown) => error);
    await reader.close();
    await read;
    await reader.close();
  });
});

describe('a git that ends at once', () => {
  const WORDS = 'fatal: it was like this';
  const conversations: Readonly<Record<string, (git: GitProgram) => Promise<unknown>>> = {
    'cat-file': (git) => objectReader(git).read('HEAD'),
    mktree: (git) => treeWriter(git).write(new Map()),
    'hash-object': (git) => writeObject(git, 'blob', ''),
  };
  const scripts = {
    'speaks first': `echo '${WORDS}' >&2; exec 2>&-; sleep 0.3; exit 128`,
    'speaks last': `exec >&-; sleep 0.3; echo '${WORDS}' >&2; exit 128`,
    'waits for its input': `exec >&-; echo '${WORDS}' >&2; cat; exit 128`,
  };
  it.each(
    Object.entries(scripts).flatMap(([how, script]) =>
      Object.entries(conversations).map(([command, speak]) => ({ command, how, script, speak })),
    ),
  )('is quoted: $command that $how', async ({ command, script, speak }) => {
    const directory = await mkdtemp(join(tmpdir(), 'slipway-git-'));
    try {
      await writeFile(join(directory, 'git'), `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`);
      await chmod(join(directory, 'git'), 0o755);
      const spoken = speak(gitProgram(directory, { PATH: directory }));
      await expect(spoken).rejects.toThrow(`git ${command} failed in ${directory}: ${WORDS}`);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
