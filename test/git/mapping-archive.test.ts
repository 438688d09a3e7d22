import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cliRepository } from '../../src/git/cli/cli-repository.ts';
import { isomorphicRepository } from '../../src/git/isomorphic/isomorphic-repository.ts';
import { writeMapping } from '../../src/git/mapping-archive.ts';
import type { GitRepository } from '../../src/git/repository.ts';
import { type Fixture, gitFixture } from './git-fixture.ts';
import { readTar } from './read-tar.ts';

const never = new AbortController().signal;
const NAMES = [
  'a b',
  "it's",
  '"quoted"',
  '$HOME',
  'wow!',
  'what?',
  'this&that',
  'new\nline',
  'имя файла',
  '文件',
];

let fixture: Fixture;
let work: string;
beforeEach(async () => {
  fixture = await gitFixture();
  work = await mkdtemp(join(tmpdir(), 'slipway-mapping-'));
});
afterEach(async () => {
  await fixture.remove();
  await rm(work, { recursive: true, force: true });
});

interface Options {
  readonly repository?: GitRepository;
  readonly env?: Readonly<Record<string, string>>;
  readonly sink?: Writable;
  readonly signal?: AbortSignal;
  readonly onPointer?: (path: string) => void;
}

/** The archive of all files of HEAD. */
async function archive(options: Options = {}): Promise<Buffer> {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', ...options.env };
  const repository = options.repository ?? cliRepository(fixture.root, env, join(work, 'submodules'));
  const pieces: Buffer[] = [];
  const sink = options.sink ?? new PassThrough().on('data', (piece: Buffer) => pieces.push(piece));
  try {
    const head = await repository.commits.head();
    if (!head) throw new Error('no commit');
    const entries = await repository.commits.withSubmodules(await repository.commits.tree(head.id, ''));
    const files = entries.map((entry) => ({ entry, path: entry.path }));
    await writeMapping(repository, head.id, files, sink, {
      date: 1_700_000_000,
      signal: options.signal ?? never,
      onPointer: options.onPointer ?? unexpected,
    });
    return Buffer.concat(pieces);
  } finally {
    await repository.close();
  }
}

function unexpected(path: string): void {
  throw new Error(`${path} is a pointer`);
}

/** Contents by path. */
async function contents(options: Options = {}): Promise<Readonly<Record<string, string>>> {
  const files = await readTar(await archive(options));
  return Object.fromEntries(files.map(({ name, content }) => [name, content.toString('latin1')]));
}

describe('files of a mapping', () => {
  it('are those of the commit with fixed owners, modes and dates, without directories', async () => {
    await fixture.write({ 'dir/a': 'one', tool: '#!/bin/sh\n', empty: '', large: 'x'.repeat(3_000_001) });
    await fixture.write(Object.fromEntries(NAMES.map((name) => [`odd/${name}`, name])));
    await fixture.chmod('tool', 0o755);
    await fixture.link('link', '../имя');
    await fixture.commit('first');
    const found = await readTar(await archive());
    const [date, owner, target] = [1_700_000_000, '0:0', null];
    const plain = { type: 'file', mode: '644', date, owner, target };
    expect(found.find(({ name }) => name === 'dir/a')).toEqual({
      ...plain,
      name: 'dir/a',
      content: Buffer.from('one'),
    });
    expect(found.find(({ name }) => name === 'tool')?.mode).toBe('755');
    expect(found.find(({ name }) => name === 'large')?.content.length).toBe(3_000_001);
    expect(found.find(({ name }) => name === 'link')).toMatchObject({ type: 'symlink', target: '../имя' });
    for (const name of NAMES) {
      expect(found.find((file) => file.name === `odd/${name}`)?.content.toString()).toBe(name);
    }
    expect(found).toHaveLength(NAMES.length + 5);
  });

  it('give the same bytes, whichever adapter reads the repository', async () => {
    await fixture.write({ 'dir/a': 'one', 'dir/имя': 'two' });
    await fixture.link('link', 'dir');
    await fixture.commit('first');
    const repository = isomorphicRepository(fixture.root, `${fixture.root}/.git`);
    expect((await archive({ repository })).equals(await archive())).toBe(true);
  });

  it('may be none', async () => {
    await fixture.commit('empty');
    expect(await readTar(await archive())).toEqual([]);
  });

  it('are no faster than their reader, and stop with it', async () => {
    await fixture.write(
      Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`f${i}`, `${i}`.repeat(100_000)])),
    );
    await fixture.commit('first');
    let taken = 0;
    let release: () => void = () => undefined;
    const sink = new Writable({
      highWaterMark: 1,
      write(piece: Buffer, _, done) {
        taken += piece.length;
        release = () => done();
      },
    });
    const stop = new AbortController();
    const written = archive({ sink, signal: stop.signal });
    written.catch(() => undefined);
    await expect.poll(() => taken).toBeGreaterThan(0);
    const before = taken;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(taken).toBe(before);
    release();
    await expect.poll(() => taken).toBeGreaterThan(before);
    stop.abort(new Error('enough'));
    await expect(written).rejects.toThrow();
    expect(sink.destroyed).toBe(true);
  });

  it.each([new Error('the disk is full'), undefined])('fail when their reader does: %s', async (reason) => {
    await fixture.write({ a: 'x'.repeat(3_000_000) });
    await fixture.commit('first');
    const sink = new Writable({ write: (_, __, done) => (reason ? done(reason) : void sink.destroy()) });
    await expect(archive({ sink })).rejects.toThrow(reason ? 'the disk is full' : 'nobody reads');
  });

  it('are what pointers of Git LFS stand for, where it can be had', async () => {
    fixture.git('lfs', 'install', '--local');
    await fixture.write({ '.gitattributes': '*.bin filter=lfs -text\n', 'a.bin': 'x'.repeat(100_000) });
    await fixture.commit('first');
    expect((await contents())['a.bin']).toBe('x'.repeat(100_000));
    await rm(join(fixture.root, '.git/lfs/objects'), { recursive: true });
    const pointers: string[] = [];
    const left = await contents({ onPointer: (path) => pointers.push(path) });
    expect(pointers).toEqual(['a.bin']);
    expect(left['a.bin']).toContain('oid sha256:');
  });
});

/** Bytes of all kinds of line ends, and contents that are no text. */
const LINES: Readonly<Record<string, string | Buffer>> = {
  plain: 'one\ntwo\n\nthree',
  dos: 'one\r\ntwo\r\n',
  mixed: 'one\ntwo\r\n',
  mac: 'one\rtwo\n',
  zero: Buffer.from('one\0\ntwo\n'),
  strange: Buffer.from([...Array(20).fill(1), 0x0a, 0x41]),
  'mostly-text': `${'x'.repeat(300)}\u0001\n`,
  'ends-like-dos': 'one\n\u001a',
  tabs: '\tone\b\f\u001b\n',
  utf8: 'имя\n文\n',
  empty: '',
  none: 'no line end',
};
const lines = (extension: string) =>
  Object.fromEntries(Object.entries(LINES).map(([name, content]) => [`${name}.${extension}`, content]));

/** What a checkout with the settings of a new installation would have. */
function checkedOut(): Readonly<Record<string, string>> {
  const tar = execFileSync('git', ['-c', 'core.autocrlf=false', 'archive', 'HEAD'], {
    cwd: fixture.root,
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
  });
  const directory = join(work, 'out');
  execFileSync('sh', ['-c', `mkdir -p '${directory}' && tar -x -C '${directory}'`], { input: tar });
  const files = fixture
    .git('ls-files', '-z')
    .split('\0')
    .filter((path) => path !== '');
  const read = (path: string) => execFileSync('cat', [join(directory, path)]).toString('latin1');
  return Object.fromEntries(files.map((path) => [path, read(path)]));
}

/** Commits files without any conversion on their way in. */
async function commitAsTheyAre(files: Readonly<Record<string, string | Buffer>>, attributes: string) {
  await fixture.write(files);
  await fixture.commit('contents');
  await fixture.write({ '.gitattributes': attributes });
  fixture.git('add', '.gitattributes');
  fixture.git('commit', '--quiet', '--message', 'attributes');
}

describe('line ends of a mapping', () => {
  const ATTRIBUTES = [
    '[attr]windows text eol=crlf',
    '*.text text eol=crlf',
    '*.auto text=auto eol=crlf',
    '*.eol eol=crlf',
    '*.macro windows',
    '*.lf text eol=lf',
    '*.not -text eol=crlf',
    '*.old crlf eol=crlf',
    '*.older -crlf eol=crlf',
    '*.input text=input eol=crlf',
    '*.bin binary',
    'dir/** text eol=crlf',
    '"with blanks.txt" text eol=crlf',
    'имя text eol=crlf',
  ];

  it('are those that a checkout would have', async () => {
    const kinds = ['text', 'auto', 'eol', 'macro', 'lf', 'not', 'old', 'older', 'input', 'bin', 'other'];
    await commitAsTheyAre(
      {
        ...Object.assign({}, ...kinds.map(lines)),
        'dir/sub/a': 'one\n',
        'dir/own/a': 'one\n',
        'dir/own/.gitattributes': '* -text\n',
        'with blanks.txt': 'one\n',
        имя: 'one\n',
      },
      `${ATTRIBUTES.join('\n')}\n`,
    );
    const found = await contents();
    const expected = checkedOut();
    expect(found['plain.text']).toBe('one\r\ntwo\r\n\r\nthree');
    expect(found['plain.other']).toBe('one\ntwo\n\nthree');
    expect(found).toEqual(expected);
  });

  it('do not depend on the configuration and the attributes of the user', async () => {
    await commitAsTheyAre({ ...lines('text'), ...lines('other') }, '*.text text eol=crlf\n');
    const before = await contents();
    const [config, attributes] = [join(work, 'gitconfig'), join(work, 'attributes')];
    await writeFile(attributes, '* text eol=crlf\n*.text -text\n');
    await writeFile(config, `[core]\n\tautocrlf = true\n\teol = crlf\n\tattributesFile = ${attributes}\n`);
    fixture.git('config', 'core.autocrlf', 'true');
    await fixture.write({ '.git/info/attributes': '* text eol=crlf\n*.text -text\n' });
    await fixture.write({ '.gitattributes': '* -text\n' });
    const env = { GIT_CONFIG_GLOBAL: config, XDG_CONFIG_HOME: work };
    expect(await contents({ env })).toEqual(before);
  });

  it('are those of the commit that is written, also in SHA-256 repositories', async () => {
    const project = await gitFixture('--object-format=sha256');
    await project.write({ a: 'one\n', '.gitattributes': 'a text eol=crlf\n' });
    await project.commit('first');
    const repository = cliRepository(project.root, process.env, join(work, 'submodules'));
    expect((await contents({ repository }))['a']).toBe('one\r\n');
    await project.remove();
  });

  it('are those of the attributes of a submodule in its files', async () => {
    const inner = await gitFixture();
    await inner.write({ 'in.txt': 'one\n', 'in.bat': 'one\n', '.gitattributes': '*.bat text eol=crlf\n' });
    await inner.commit('inner');
    const add = ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add'];
    fixture.git(...add, `file://${inner.root}`, 'lib/sub');
    await fixture.write({
      'out.txt': 'one\n',
      'out.bat': 'one\n',
      '.gitattributes': '*.txt text eol=crlf\n',
    });
    await fixture.commit('outer');
    const found = await contents();
    const ends = ['out.txt', 'out.bat', 'lib/sub/in.txt', 'lib/sub/in.bat'].map((path) => found[path]);
    expect(ends).toEqual(['one\r\n', 'one\n', 'one\n', 'one\r\n']);
    await inner.remove();
  });

  it('need the git program where attributes ask for them', async () => {
    const repository = () => isomorphicRepository(fixture.root, `${fixture.root}/.git`);
    await fixture.write({ a: 'one\n', '.gitattributes': 'a text eol=lf\n' });
    await fixture.commit('first');
    expect((await contents({ repository: repository() }))['a']).toBe('one\n');
    await fixture.write({ 'dir/.gitattributes': 'b text eol=crlf\n' });
    await fixture.commit('second');
    const failing = contents({ repository: repository() });
    await expect(failing).rejects.toThrow(/`eol=crlf` in dir\/\.gitattributes needs the git program/);
  });
});
