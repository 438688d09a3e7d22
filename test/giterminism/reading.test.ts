import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../src/diagnostics/user-error.ts';
import { permitsName } from '../../src/giterminism/permissions.ts';
import { type ReadOptions, readProject } from '../config/read-project.ts';
import { type Fixture, gitFixture } from '../git/git-fixture.ts';
import { realEngine } from '../helper/real-engine.ts';

const CONFIG = 'project: demo\nconfigVersion: 1\n---\nimage: app\ndockerfile: Dockerfile\n';
const GLOB = `${CONFIG}args:\n  FOUND: {{ range $path, $_ := .Files.Glob "dir/*" }}{{ $path }};{{ end }}\n`;

let project: Fixture;
beforeEach(async () => {
  project = await gitFixture();
});
afterEach(() => project.remove());

async function reading(options: Partial<ReadOptions> = {}) {
  const { engine, runDirectory } = await realEngine();
  return await readProject({ engine, runDirectory, directory: project.root, ...options });
}

async function told(options: Partial<ReadOptions> = {}): Promise<string> {
  const error: unknown = await reading(options).catch((caught: unknown) => caught);
  if (!(error instanceof UserError)) throw new Error('nothing was refused', { cause: error });
  return [error.message, ...error.problems.map(({ message }) => message)].join('\n');
}

function permitting(...lines: readonly string[]): string {
  return ['giterminismConfigVersion: 1', 'config:', ...lines.map((line) => `  ${line}`), ''].join('\n');
}

const argument = async (name: string, options: Partial<ReadOptions> = {}) => {
  const [image] = (await reading(options)).opened.project.images;
  return image?.kind === 'dockerfile' ? image.args.get(name) : undefined;
};

describe('names of variables', () => {
  it('are exact, or regular expressions between slashes, anchored', () => {
    expect(permitsName(['NA.*'], 'NAME')).toBe(false);
    expect(permitsName(['/NA.*/'], 'NAME')).toBe(true);
    expect(permitsName(['/NA/'], 'NAME')).toBe(false);
    expect(permitsName(['/A|NAME/'], 'NAME')).toBe(true);
    expect(permitsName([], 'NAME')).toBe(false);
  });
});

describe('links', () => {
  beforeEach(async () => {
    await project.write({ 'dir/werf.yaml': CONFIG });
    await project.link('a', 'dir/werf.yaml');
    await project.link('werf.yaml', 'a');
  });

  it('inside the commit are followed', async () => {
    await project.commit('chain');
    expect((await reading()).opened.project.images[0]?.names).toEqual(['app']);
  });

  it('that lead to a file without a commit are told with the name of that file', async () => {
    project.git('add', 'a', 'werf.yaml');
    project.git('commit', '--quiet', '--message', 'links');
    expect(await told()).toContain('dir/werf.yaml');
  });

  it('that lead to a changed file are told with the name of that file', async () => {
    await project.commit('chain');
    await project.write({ 'dir/werf.yaml': `${CONFIG}# changed\n` });
    expect(await told()).toContain('the file "dir/werf.yaml" must be committed');
  });
});

describe('links that go round in circles', () => {
  beforeEach(() => project.link('werf.yaml', 'werf.yaml'));

  it('are refused in the commit', async () => {
    await project.commit('circle');
    expect(await told()).toMatch(/symlink "werf.yaml" check failed: too many levels of symbolic links/);
  });

  it('are refused on the disk', async () => {
    await project.write({ 'werf-giterminism.yaml': permitting('allowUncommitted: true') });
    project.git('add', 'werf-giterminism.yaml');
    project.git('commit', '--quiet', '--message', 'permission');
    expect(await told()).toMatch(/symlink "werf.yaml" check failed: too many levels of symbolic links/);
  });
});

describe('links on the disk', () => {
  it('are followed where their target is permitted too, and only there', async () => {
    const config = `${CONFIG}args:\n  TEXT: {{ .Files.Get "link" }}\n`;
    await project.write({
      'werf.yaml': config,
      'werf-giterminism.yaml': permitting('goTemplateRendering:', '  allowUncommittedFiles: [link]'),
      '.gitignore': 'link\ntarget\n',
    });
    await project.commit('first');
    await project.write({ target: 'hello' });
    await project.link('link', 'target');
    expect(await told()).toContain(
      'accepted file "link" check failed: the link target "target" should be also accepted by giterminism config',
    );
    await project.write({
      'werf-giterminism.yaml': permitting('goTemplateRendering:', '  allowUncommittedFiles: [link, target]'),
    });
    await project.commit('second');
    expect(await argument('TEXT')).toBe('hello');
  });
});

describe('permitted files', () => {
  it('are read from the disk, also when they are committed', async () => {
    await project.write({
      'werf.yaml': CONFIG,
      'werf-giterminism.yaml': permitting('allowUncommitted: true', 'allowUncommittedTemplates: [.werf/*]'),
    });
    await project.commit('first');
    expect((await reading()).opened.project.name).toBe('demo');
    await project.write({
      'werf.yaml': `${CONFIG.replace('demo', 'changed')}args: {{ include "args.tmpl" . }}\n`,
      '.werf/args.tmpl': '{A: b}',
    });
    expect((await reading()).opened.project.name).toBe('changed');
    expect(await argument('A')).toBe('b');
  });

  it('do not include the permissions themselves', async () => {
    await project.write({ 'werf.yaml': CONFIG });
    await project.commit('first');
    await project.write({ 'werf.yaml': GLOB, 'werf-giterminism.yaml': permitting('allowUncommitted: true') });
    expect(await told()).toContain('the untracked file "werf-giterminism.yaml" must be committed');
  });
});

describe('globs', () => {
  beforeEach(async () => {
    await project.write({ 'werf.yaml': GLOB, 'dir/committed': '' });
    await project.commit('first');
  });

  it('name all files that are not committed, sorted', async () => {
    await project.write({ 'dir/c': '', 'dir/a': '', 'dir/b': '', 'elsewhere/d': '' });
    expect(await told()).toContain(
      'the following untracked files must be committed:\n\n - dir/a\n - dir/b\n - dir/c',
    );
  });

  it('name changed files', async () => {
    await project.write({ 'dir/committed': 'changed' });
    expect(await told()).toContain('the file "dir/committed" must be committed');
  });

  it('do not see what git ignores, unless that is permitted', async () => {
    await project.write({ '.gitignore': 'made*\n' });
    await project.commit('ignore');
    await project.write({ 'dir/made': 'x', 'dir/made2': 'x' });
    expect(await argument('FOUND')).toBe('dir/committed;');
    await project.write({
      'werf-giterminism.yaml': permitting('goTemplateRendering:', '  allowUncommittedFiles: [dir/made]'),
    });
    await project.commit('permit');
    expect(await argument('FOUND')).toBe('dir/committed;dir/made;');
  });
});

describe('whether a file exists', () => {
  it('is never a refusal', async () => {
    const ask =
      '{{ .Files.Exists "new" }} {{ .Files.IsDir "newdir" }} {{ .Files.Exists "old" }} {{ .Files.Exists "d" }}';
    await project.write({ 'werf.yaml': `${CONFIG}args:\n  A: ${ask}\n`, old: '', 'd/f': '' });
    await project.commit('first');
    await project.write({ new: '', 'newdir/f': '', old: 'changed' });
    expect(await argument('A')).toBe('false false true true');
  });
});

describe('the loose mode', () => {
  it('reads from the disk, asks for no permission, and warns', async () => {
    await project.write({ 'werf.yaml': CONFIG });
    await project.commit('first');
    await project.write({
      'werf.yaml': `${GLOB}  SET: {{ env "SET" }}\n  UNSET: "{{ env "UNSET" }}"\nsecrets: [{env: TOKEN}]\n`,
      'dir/new': '',
    });
    const { opened, events } = await reading({
      project: { loose: true },
      env: { SET: 'value' },
    });
    const [image] = opened.project.images;
    expect(image?.kind === 'dockerfile' && Object.fromEntries(image.args)).toEqual({
      FOUND: 'dir/new;',
      SET: 'value',
      UNSET: '',
    });
    const codes = events.flatMap((event) => (event.kind === 'warning' ? [event.problem.code] : []));
    expect(codes).toContain('GITERMINISM_LOOSE');
  });

  it('says what is not on the disk', async () => {
    await project.write({ 'werf.yaml': `${CONFIG}args: {A: {{ .Files.Get "none" }}}\n` });
    await project.commit('first');
    expect(await told({ project: { loose: true } })).toContain(
      'the file "none" not found in the project directory',
    );
  });
});

describe('a change outside of what is read', () => {
  it('does not matter', async () => {
    await project.write({ 'werf.yaml': CONFIG, other: '' });
    await project.commit('first');
    await project.write({ other: 'changed', new: '' });
    expect((await reading()).opened.project.name).toBe('demo');
  });
});

describe('templates', () => {
  it('must be committed, all of them', async () => {
    await project.write({ 'werf.yaml': `${CONFIG}{{ if false }}{{ end }}\n` });
    await project.commit('first');
    await project.write({ '.werf/a.tmpl': '', '.werf/deep/b.tmpl': '', '.werf/notes.txt': '' });
    expect(await told()).toBe(
      'unable to read werf config templates: the following untracked files must be committed:\n\n - .werf/a.tmpl\n - .werf/deep/b.tmpl',
    );
  });

  it('lie in another folder when they are said to', async () => {
    await project.write({ 'werf.yaml': '{{ include "all.tmpl" . }}', 'tpl/all.tmpl': CONFIG });
    await project.commit('first');
    expect((await reading({ project: { templatesDirectory: 'tpl' } })).opened.project.name).toBe('demo');
  });

  it('know the commit and the environment', async () => {
    const date = '{{ .Commit.Date.Unix }}|{{ .Commit.Date.Human }}|{{ .Env }}';
    await project.write({ 'werf.yaml': `${CONFIG}args: {A: "{{ .Commit.Hash }}|${date}"}\n` });
    const id = await project.commit('first');
    const unix = project.git('log', '-1', '--format=%ct');
    const human = project.git('log', '-1', '--date=iso', '--format=%cd');
    const zone = human.split(' ')[2];
    expect(await argument('A', { project: { environment: 'prod' } })).toBe(
      `${id}|${unix}|${human} ${zone}|prod`,
    );
  });

  it('speak when they are debugged', async () => {
    await project.write({ 'werf.yaml': `${CONFIG}{{ dump_debug .Env }}{{ printf_debug "n=%d" 1 }}\n` });
    await project.commit('first');
    const lines = async (debugTemplates: boolean) => {
      const { events } = await reading({ project: { debugTemplates, environment: 'prod' } });
      return events.flatMap((event) => (event.kind === 'line' ? [event.line] : []));
    };
    expect(await lines(false)).toEqual([]);
    expect(await lines(true)).toEqual(['string\nprod', 'n=1']);
  });
});
