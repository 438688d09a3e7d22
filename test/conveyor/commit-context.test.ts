import { PassThrough } from 'node:stream';
import { extract } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DockerfileImage } from '../../src/config/project.ts';
import { type CommitContextParts, commitContext } from '../../src/conveyor/commit-context.ts';
import { cliRepository } from '../../src/git/cli/cli-repository.ts';
import { committedFiles } from '../../src/giterminism/committed-files.ts';
import type { BuildContext } from '../../src/stages/build-context.ts';
import { type Fixture, gitFixture } from '../git/git-fixture.ts';

const never = new AbortController().signal;

/** Names of a tar's entries, in its order. */
async function namesOf(write: (sink: PassThrough) => Promise<void>): Promise<readonly string[]> {
  const sink = new PassThrough();
  const reader = extract();
  const names: string[] = [];
  reader.on('entry', ({ name }, stream, next) => {
    names.push(name);
    stream.resume().on('end', next);
  });
  const read = new Promise<void>((resolve, reject) =>
    reader.on('finish', () => resolve()).on('error', reject),
  );
  sink.pipe(reader);
  await write(sink);
  await read;
  return names;
}

describe('the context of a commit', () => {
  let fixture: Fixture;
  let context: BuildContext;
  const warnings: string[] = [];
  beforeAll(async () => {
    fixture = await gitFixture();
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 9\n`;
    await fixture.write({ 'a.txt': '', 'a/b': '', 'a/b.c': '', 'a-b': '', é: '', large: pointer });
    await fixture.commit('first');
    const repository = cliRepository(fixture.root, process.env, '/nowhere');
    const commit = await repository.commits.head();
    if (!commit) throw new Error('no commit');
    const onDisk = async () => true;
    context = commitContext(
      { context: '', dockerfile: 'Dockerfile' } as DockerfileImage,
      {
        repository: { ...repository, largeFiles: { content: async () => null } },
        files: committedFiles({
          repository,
          commit,
          prefix: '',
          onDisk,
          wholeStatus: false,
          unchecked: true,
        }),
        date: 0,
        onWarning: ({ message }: { message: string }) => warnings.push(message),
      } as unknown as CommitContextParts,
    );
  });
  afterAll(() => fixture.remove());

  it('is written in the order of layers, directories in front of what they hold', async () => {
    const files = (await context.committed()).filter(({ path }) => path !== 'large');
    expect(await namesOf((sink) => context.write(files, sink, never))).toEqual([
      'a/',
      'a/b',
      'a/b.c',
      'a-b',
      'a.txt',
      'é',
    ]);
  });

  it('holds nothing but the files that are asked for', async () => {
    const files = (await context.committed()).filter(({ path }) => path === 'a/b');
    expect(await namesOf((sink) => context.write(files, sink, never))).toEqual(['a/', 'a/b']);
    expect(await namesOf((sink) => context.write([], sink, never))).toEqual([]);
  });

  it('warns of a pointer of Git LFS once, however many parts hold it', async () => {
    const files = (await context.committed()).filter(({ path }) => path === 'large');
    for (let part = 0; part < 2; part++) await namesOf((sink) => context.write(files, sink, never));
    expect(warnings).toEqual([expect.stringContaining('large')]);
  });
});
