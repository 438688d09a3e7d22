import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gitProgram } from '../../src/git/cli/git-program.ts';
import { objectReader } from '../../src/git/cli/object-reader.ts';
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
