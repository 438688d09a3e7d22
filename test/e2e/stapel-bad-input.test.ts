import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, gitFixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder, type Outcome, RUNGS, runningEngines } from './support/builder.ts';
import { makeProject } from './support/project.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { buildStapel, said, stapelConfig } from './support/stapel.ts';

let registry: TestRegistry;
let builder: Builder;
let remote: Fixture;
const projects: Fixture[] = [];
beforeAll(async () => {
  registry = await startRegistry();
  builder = await makeBuilder({ user: 'ordinary' });
  remote = await makeProject({ 'lib/file': 'x' });
  // Git reads no repository of somebody else.
  execFileSync('chown', ['-R', 'slipway-test', remote.root]);
});
afterAll(async () => {
  await builder.remove();
  await registry.stop();
  for (const project of [remote, ...projects]) await project.remove();
});

let repositories = 0;
const busybox = () => `${registry.host}/busybox:latest`;

const PERMISSIONS = `giterminismConfigVersion: 1
config:
  stapel:
    allowFromLatest: true
    git:
      allowBranch: true
`;

interface Failing {
  readonly files?: Readonly<Record<string, string>>;
  readonly after?: (project: Fixture) => Promise<unknown>;
  /** Stages that are made before it fails. */
  readonly kept?: number;
}

/** Builds a project, which must fail with these words, and leave nothing half made. */
async function fails(
  documents: string | readonly string[],
  words: readonly string[],
  { files = {}, after, kept = 0 }: Failing = {},
): Promise<Outcome> {
  const project = await makeProject({
    'werf.yaml': stapelConfig(...[documents].flat()),
    'werf-giterminism.yaml': PERMISSIONS,
    'src/file': 'x',
    ...files,
  });
  projects.push(project);
  await after?.(project);
  const repository = `bad-${++repositories}`;
  const outcome = await buildStapel(builder, project, {
    args: ['--repo', `${registry.host}/${repository}`],
    fails: true,
  });
  expect(outcome.stderr).toMatch(/^Error: /m);
  for (const word of words) expect(outcome.stderr).toContain(word);
  expect(outcome.stderr).not.toMatch(/\bat .*\.js:\d+|undefined|\[object/);
  expect(outcome.exitCode).toBe(1);
  expect(registry.stages(repository)).toHaveLength(kept);
  expect(await builder.halfMade()).toEqual([]);
  expect(await builder.containers()).toEqual([]);
  return outcome;
}

const app = (...lines: readonly string[]) => ['image: app', `from: ${busybox()}`, ...lines].join('\n');

describe('a remote repository', () => {
  const git = (...lines: readonly string[]) =>
    app('git:', `- url: file://${remote.root}`, ...lines.map((line) => `  ${line}`), '  to: /lib');

  it.each([
    ['branch', 'nowhere'],
    ['tag', 'v0'],
    ['commit', '0123456789abcdef0123456789abcdef01234567'],
  ])('without the %s that is named', async (kind, name) => {
    await fails(git(`${kind}: ${name}`), [name, remote.root]);
  });

  it('without what is added', async () => {
    await fails(git('branch: main', 'add: /nothing'), ['`add: /nothing` is not in commit', 'werf.yaml:7:3']);
  });

  it.each([
    ['file:///nonexistent/repository.git', '/nonexistent/repository.git'],
    ['https://127.0.0.1:1/group/repository.git', '127.0.0.1:1/group/repository.git'],
  ])('that is not there: %s', async (url, named) => {
    await fails(app('git:', `- url: ${url}`, '  branch: main', '  to: /lib'), [named]);
  });
});

describe('a mapping', () => {
  it.each(['/proc/x', '/dev', '/sys/a', '/.werf/x'])('to %s', async (to) => {
    await fails(app('git:', `- {add: /src, to: "${to}"}`), ['werf.yaml:7:', to]);
  });

  it('to where another one puts its files', async () => {
    await fails(app('git:', '- {add: /src, to: /app}', '- {add: /src, to: /app}'), ['werf.yaml:', '/app']);
  });

  it('of a path that the commit lacks', async () => {
    const config = app('git:', '- {add: /new, to: /app}');
    await fails(config, ['`add: /new` is not in the commit', 'werf.yaml:7:', 'commit it']);
    const after = (project: Fixture) => project.write({ 'new/file': 'not committed' });
    await fails(config, ['the untracked file "new/file" must be committed'], { after });
  });

  it('whose owner the image does not know', async () => {
    const config = app('git:', '- {add: /src, to: /app, owner: somebody}');
    await fails(config, ['user "somebody"', '/etc/passwd'], { kept: 1 });
    const group = app('git:', '- {add: /src, to: /app, group: somegroup}');
    await fails(group, ['group "somegroup"', '/etc/group'], { kept: 1 });
  });

  it('with changes that are not committed, all of them listed', async () => {
    const after = (project: Fixture) =>
      project.write({ 'src/file': 'changed', 'src/new': 'new', 'elsewhere/new': 'new' });
    const { stderr } = await fails(
      app('git:', '- {add: /src, to: /app}'),
      ['must be committed', 'src/file', 'src/new'],
      { after },
    );
    expect(stderr).not.toContain('elsewhere');
  });

  it('is not disturbed by changes elsewhere, or of what it leaves out', async () => {
    const project = await makeProject({
      'werf.yaml': stapelConfig(app('git:', '- {add: /src, to: /app, excludePaths: ["*.log"]}')),
      'src/file': 'x',
    });
    projects.push(project);
    await project.write({ 'elsewhere/new': 'new', 'src/own.log': 'left out' });
    const built = await buildStapel(builder, project);
    expect(built.stderr).toBe('');
  });
});

describe('an import', () => {
  const source = () => `image: source\nfinal: false\nfrom: ${busybox()}\nshell:\n  install: touch /made`;
  const importing = (line: string) => app('import:', `- {from: source, ${line}, before: setup}`);

  it('of a path that the source lacks', async () => {
    await fails([source(), importing('add: /nothing, to: /x')], ['/nothing', 'source', 'werf.yaml:13:'], {
      kept: 2,
    });
  });

  it('of a stage that the source lacks', async () => {
    await fails(
      [source(), importing('add: /made, to: /x, stage: setup')],
      ['setup', 'source', 'werf.yaml:13:'],
      { kept: 2 },
    );
  });

  it('of an image that is nowhere', async () => {
    const reference = `${registry.host}/nowhere:1`;
    await fails(app('import:', `- {from: "${reference}", add: /x, to: /x, before: setup}`), [reference], {
      kept: 1,
    });
    await fails(app('import:', '- {image: nobody, add: /x, to: /x, before: setup}'), [
      'nobody',
      'werf.yaml:',
    ]);
  });

  it('whose owner the image does not know', async () => {
    await fails([source(), importing('add: /made, to: /x, owner: somebody')], ['somebody', '/etc/passwd'], {
      kept: 2,
    });
  });
});

describe('a base image', () => {
  it('that is nowhere', async () => {
    const from = `from: ${registry.host}/nowhere:1`;
    await fails(['image: app', from].join('\n'), [`${registry.host}/nowhere:1`, 'image app']);
    await fails(['image: app', from, 'fromLatest: true'].join('\n'), [
      `the base image ${registry.host}/nowhere:1 does not exist`,
      'log in',
    ]);
  });

  it('that is the image itself, by way of another', async () => {
    await fails(['image: app\nfrom: two', 'image: two\nfrom: app'], ['app', 'two']);
  });
});

describe('something given twice', () => {
  it.each([
    ['an image', ['image: app\nfrom: x', 'image: app\nfrom: x'], ['app', 'werf.yaml:7:8']],
    [
      'a mount',
      ['image: app\nfrom: x\nmount:\n- {from: tmp_dir, to: /a}\n- {from: tmp_dir, to: /a}'],
      ['/a', 'werf.yaml:8:'],
    ],
    [
      'a secret',
      ['image: app\nfrom: x\nsecrets:\n- {id: a, value: x}\n- {id: a, value: y}'],
      ['a', 'werf.yaml:'],
    ],
    ['a field', ['image: app\nfrom: x\nfrom: y'], ['from', 'werf.yaml:6:']],
  ])('%s', async (_, documents, words) => {
    await fails(documents, words);
  });
});

describe('a command', () => {
  const shell = (...commands: readonly string[]) =>
    app('shell:', '  install:', ...commands.map((command) => `  - ${JSON.stringify(command)}`));
  const run = async (...commands: readonly string[]) => {
    const project = await makeProject({ 'werf.yaml': stapelConfig(shell(...commands)) });
    projects.push(project);
    return await buildStapel(builder, project);
  };

  it('that waits for an answer gets none', async () => {
    await fails(shell('echo asking', 'read -r answer'), ['stage install', 'read -r answer', 'status 1'], {
      kept: 1,
    });
  });

  it('may print what is no text', async () => {
    const built = await run(
      String.raw`printf 'bad \377\376 \303 bytes\n\000zero\001\033[31mred\033[0m\n'`,
      'head -c 300000 /dev/urandom',
      String.raw`printf '\n50%%\r100%%\r\nafter\n'`,
    );
    expect(said(built)).toContain('after');
    expect(built.stdout).toContain('bad \uFFFD\uFFFD \uFFFD bytes');
    expect(built.stdout).toContain('zero');
  });

  it('may print a line of a megabyte, and nothing of it is lost', async () => {
    const built = await run("head -c 1000000 /dev/zero | tr '\\0' '~'; echo; echo after");
    expect(said(built)).toContain('after');
    expect(built.stdout.match(/~/g)?.length).toBe(1_000_000 + 1);
  });

  it('shows no part of a secret where a line is too long to be passed on at once', async () => {
    const secret = 'first-half-of-it-second-half-of-it';
    const filler = (bytes: number) => `head -c ${bytes} /dev/zero | tr '\\0' '~'`;
    const command = `${filler(65_520)}; cat /run/secrets/own; sleep 0.1; ${filler(9000)}; echo`;
    const project = await makeProject({
      'werf.yaml': stapelConfig(`${shell(command)}\nsecrets: [{id: own, env: OWN}]`),
      'werf-giterminism.yaml': 'giterminismConfigVersion: 1\nconfig: {secrets: {allowEnvVariables: [OWN]}}\n',
    });
    projects.push(project);
    const { stdout } = await buildStapel(builder, project, { env: { OWN: secret } });
    expect(stdout).not.toMatch(/first-half|second-half/);
    expect(stdout.match(/\*\*\*/g)).toHaveLength(1);
    expect(stdout.match(/~/g)?.length).toBe(65_520 + 9000 + 2);
  });

  it('may print 50 MB: every line arrives in order, and the memory that it takes is bounded', async () => {
    const lines = 500_000;
    const project = await makeProject({
      'werf.yaml': stapelConfig(
        shell(`awk 'BEGIN { for (i = 0; i < ${lines}; i++) printf "line %094d\\n", i }'`),
      ),
    });
    projects.push(project);
    const child = builder.start(['build'], {
      cwd: project.root,
      env: { WERF_STAPEL_IMAGE_NAME: 'none' },
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    let [rest, next, most] = ['', 0, 0];
    child.stdout.setEncoding('latin1').on('data', (text: string) => {
      const all = (rest + text).split('\n');
      rest = all.pop() ?? '';
      for (const line of all) {
        const [, number] = /line (\d{94})$/.exec(line) ?? [];
        if (number === undefined) continue;
        if (Number(number) === next) next++;
      }
    });
    const watch = setInterval(async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
      most = Math.max(most, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    }, 50);
    expect(await ended).toBe(0);
    clearInterval(watch);
    expect(next).toBe(lines);
    // KiB; a process that keeps 50 MB as lines takes some 300 MB.
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(200 * 1024);
  });
});

describe('SIGTERM in the middle of a stage', () => {
  it('leaves nothing half made, and the next build goes on from the stage before', async () => {
    const other = await makeBuilder(RUNGS['native-chroot as a user'] ?? {});
    const project = await gitFixture();
    projects.push(project);
    const write = async (pause: string) => {
      const commands = `shell:\n  beforeInstall: echo before >/before\n  install: echo begun && sleep ${pause} && echo done >/done`;
      await project.write({
        'werf.yaml': stapelConfig(app('git: [{add: /src, to: /app}]', commands)),
        'src/file': 'x',
      });
      await project.commit(pause);
    };
    await write('86421');
    execFileSync('chmod', ['755', project.root]);
    const repository = 'interrupted';
    const child = other.start(
      ['build', '--tmp-dir', other.home, '--repo', `${registry.host}/${repository}`],
      {
        cwd: project.root,
        env: { WERF_STAPEL_IMAGE_NAME: 'none' },
      },
    );
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    await new Promise<void>((resolve, reject) => {
      let output = '';
      child.stdout.on('data', (data: Buffer) => {
        output += data;
        if (/│ begun$/m.test(output)) resolve();
      });
      child.once('exit', () => reject(new Error(output)));
    });
    child.kill('SIGTERM');
    expect(await ended).toBe(143);
    const processes = execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' }).split('\n');
    expect(processes.filter((line) => /^sleep 86421/.test(line))).toEqual([]);
    expect(runningEngines()).toEqual([]);
    expect(await other.containers()).toEqual([]);
    expect(await other.halfMade()).toEqual([]);
    expect((await readdir(other.home)).filter((name) => name.startsWith('werf-'))).toEqual([]);
    expect(registry.stages(repository)).toHaveLength(3);
    await write('0');
    const next = await buildStapel(other, project, { args: ['--repo', `${registry.host}/${repository}`] });
    expect(next.rebuilt()).toEqual(['install']);
    await other.remove();
  });
});

it('leaves no engines', () => expect(runningEngines()).toEqual([]));
