import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, gitFixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder, type Outcome, runningEngines } from './support/builder.ts';
import { config, makeProject } from './support/project.ts';
import { freePort, startRegistry, type TestRegistry } from './support/registry.ts';

let registry: TestRegistry;
let builder: Builder;
beforeAll(async () => {
  registry = await startRegistry();
  builder = await makeBuilder();
});
afterAll(async () => {
  await builder.remove();
  await registry.stop();
});

const base = () => `FROM ${registry.host}/busybox:latest\n`;

async function building(
  files: Record<string, string>,
  options: {
    readonly args?: readonly string[];
    readonly after?: (project: Fixture) => Promise<unknown>;
    readonly env?: Record<string, string>;
    readonly by?: Builder;
  } = {},
): Promise<Outcome> {
  const project = await makeProject(files);
  try {
    await options.after?.(project);
    return await (options.by ?? builder).run(['build', ...(options.args ?? [])], {
      cwd: project.root,
      env: options.env ?? {},
    });
  } finally {
    await project.remove();
  }
}

function expectError({ exitCode, stderr }: Outcome, ...parts: readonly string[]): void {
  expect(stderr).toMatch(/^Error: /m);
  for (const part of parts) expect(stderr).toContain(part);
  expect(stderr).not.toMatch(/\bat .*\.js:\d+/);
  expect(exitCode).toBe(1);
}

describe('what git does not hold', () => {
  it('a directory that is no repository', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'slipway-plain-'));
    await writeFile(join(directory, 'werf.yaml'), config());
    expectError(
      await builder.run(['build'], { cwd: directory }),
      'is not inside a git work tree',
      'git init',
    );
    await rm(directory, { recursive: true });
  });

  it('a repository without a commit', async () => {
    const project = await gitFixture();
    expectError(await builder.run(['build'], { cwd: project.root }), 'has no commit yet', 'git commit');
    await project.remove();
  });

  it('no configuration', async () => {
    expectError(await building({ other: '' }), 'werf.yaml', 'not found');
  });

  it('an untracked configuration', async () => {
    const outcome = await building(
      { other: '' },
      { after: (project) => project.write({ 'werf.yaml': config() }) },
    );
    expectError(outcome, 'the untracked file "werf.yaml" must be committed');
  });

  it('a changed Dockerfile', async () => {
    const outcome = await building(
      { 'werf.yaml': config(), Dockerfile: base() },
      { after: (project) => project.write({ Dockerfile: `${base()}RUN true\n` }) },
    );
    expectError(outcome, 'unable to read dockerfile "Dockerfile": the file "Dockerfile" must be committed');
  });

  it('a missing Dockerfile', async () => {
    expectError(
      await building({ 'werf.yaml': config() }),
      'unable to read dockerfile "Dockerfile"',
      'not found',
    );
  });

  it('changed and untracked files of the context, all of them listed', async () => {
    const outcome = await building(
      {
        'werf.yaml': config(),
        Dockerfile: `${base()}COPY app /app\n`,
        'app/a': '1',
        'app/b': '1',
        ignored: '1',
      },
      { after: (project) => project.write({ 'app/a': '2', 'app/new': '1' }) },
    );
    expectError(outcome, 'the following files must be committed:', ' - app/a', ' - app/new');
    expect(outcome.stderr).not.toContain('app/b');
  });

  it('changes that no instruction could read do not matter', async () => {
    const outcome = await building(
      {
        'werf.yaml': config('context: app'),
        'app/Dockerfile': `${base()}COPY a /a\n`,
        'app/a': '1',
        other: '1',
      },
      { after: (project) => project.write({ other: '2' }) },
    );
    expect(outcome.stderr).toBe('');
    expect(outcome.exitCode).toBe(0);
  });
});

describe('a wrong configuration', () => {
  it('names every problem with file, line, column and the nearest known key', async () => {
    const text = config('contxt: app', 'final: perhaps').replace('project: demo', 'project: Demo');
    const outcome = await building({ 'werf.yaml': text });
    expectError(
      outcome,
      'werf.yaml:1:10',
      'werf.yaml:6:1',
      'unknown fields: `contxt`!',
      '`context`',
      'werf.yaml:7:8',
    );
  });

  it('refuses files from the disk without a permission, and prints the lines that give it', async () => {
    const files = {
      'werf.yaml': config('contextAddFiles: [made]'),
      Dockerfile: `${base()}COPY made /made\n`,
    };
    const after = (project: Fixture) => project.write({ made: 'on the disk\n' });
    expectError(
      await building(files, { after }),
      'contextAddFile "made" not allowed by giterminism',
      'allowContextAddFiles:\n    - "made"',
    );
    const permission =
      'giterminismConfigVersion: 1\nconfig:\n  dockerfile:\n    allowContextAddFiles:\n    - "made"\n';
    const allowed = await building({ ...files, 'werf-giterminism.yaml': permission }, { after });
    expect(allowed.stderr).toBe('');
    expect(allowed.exitCode).toBe(0);
  });

  it('refuses a permission that is not committed', async () => {
    const permission = 'giterminismConfigVersion: 1\n';
    const outcome = await building(
      { 'werf.yaml': config(), Dockerfile: base() },
      { after: (project) => project.write({ 'werf-giterminism.yaml': permission }) },
    );
    expectError(
      outcome,
      'unable to read werf giterminism config',
      'the untracked file "werf-giterminism.yaml"',
    );
  });

  it('names the stages of a Dockerfile that has not the target', async () => {
    const outcome = await building({ 'werf.yaml': config('target: nowhere'), Dockerfile: `${base()}` });
    expectError(outcome, 'the Dockerfile has no stage "nowhere"', 'werf.yaml:6:9');
  });

  it('finds a COPY of nothing before anything is built', async () => {
    const outcome = await building({
      'werf.yaml': config(),
      Dockerfile: `${base()}RUN echo started\nCOPY nothing /x\n`,
    });
    expectError(outcome, 'Dockerfile:3:1', 'COPY nothing: no file of the build context matches');
    expect(outcome.stdout).not.toContain('started');
  });

  it('says what cannot be built yet, and where', async () => {
    const outcome = await building({ 'werf.yaml': config('staged: true'), Dockerfile: base() });
    expectError(outcome, '`staged` is not supported yet', 'werf.yaml:6:1');
  });

  it('refuses variables in templates without a permission, and prints the lines that give it', async () => {
    const outcome = await building({ 'werf.yaml': config('target: {{ env "X" }}'), Dockerfile: base() });
    expectError(
      outcome,
      'werf.yaml:6:12',
      'error calling env',
      'env name "X" not allowed by giterminism',
      '    allowEnvVariables:\n',
      '    - "X"\n',
    );
  });
});

describe('a failing instruction', () => {
  it('is told with its line, exit status and the last 50 lines of output', async () => {
    const outcome = await building({
      'werf.yaml': config(),
      Dockerfile: `${base()}RUN true\nRUN for i in $(seq 60); do echo line $i; done; exit 7\n`,
    });
    expectError(outcome, 'Dockerfile:3', 'exit status 7', 'line 60', 'line 11');
    expect(outcome.stderr).not.toContain('line 10\n');
    expect(await builder.containers()).toEqual([]);
  });
});

describe('a registry', () => {
  const files = () => ({ 'werf.yaml': config(), Dockerfile: base() });

  it('that is down', async () => {
    const host = `127.0.0.1:${await freePort()}`;
    expectError(await building(files(), { args: ['--repo', `${host}/app`] }), host, 'refused');
  });

  it('that demands a login', async () => {
    const guarded = await startRegistry({ login: { user: 'me', password: 'secret-word' } });
    const repo = `${guarded.host}/app`;
    expectError(await building(files(), { args: ['--repo', repo] }), guarded.host, 'log in to this registry');
    const auth = Buffer.from('me:secret-word').toString('base64');
    await writeFile(
      join(builder.home, 'config.json'),
      JSON.stringify({ auths: { [guarded.host]: { auth } } }),
    );
    const welcome = await building(files(), {
      args: ['--repo', repo, '--docker-config', builder.home, '--log-debug'],
    });
    expect(welcome.exitCode).toBe(0);
    expect(welcome.stdout + welcome.stderr).not.toContain('secret-word');
    await guarded.stop();
  });

  it('whose address is none', async () => {
    expectError(
      await building(files(), { args: ['--repo', 'https://registry.example.com/app'] }),
      'https://',
    );
  });
});

describe('this machine', () => {
  it('has a full disk', async () => {
    const mount = await mkdtemp(join(tmpdir(), 'slipway-small-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', mount]);
    const poor = await makeBuilder({ graphRoot: join(mount, 'graph') });
    try {
      const outcome = await building(
        { 'werf.yaml': config(), Dockerfile: `${base()}RUN dd if=/dev/urandom of=/big bs=1M count=64\n` },
        { by: poor },
      );
      expectError(outcome, 'full', mount);
    } finally {
      await poor.remove();
      execFileSync('umount', ['-l', mount]);
      await rm(mount, { recursive: true });
    }
  });

  it('gives its user no subordinate ids: told, and built in a namespace of one id', async () => {
    execFileSync('useradd', ['--system', '--no-create-home', 'slipway-poor']);
    const poor = await makeBuilder({ user: 'ordinary', name: 'slipway-poor' });
    try {
      const outcome = await building({ 'werf.yaml': config(), Dockerfile: base() }, { by: poor });
      expect(outcome.exitCode, outcome.stderr).toBe(0);
      expect(outcome.stdout.replaceAll(/\s+/g, ' ')).toMatch(
        /native-chroot in a user namespace of one id, as user slipway-poor has 0 subordinate ids in \/etc\/subuid/,
      );
    } finally {
      await poor.remove();
      execFileSync('userdel', ['slipway-poor']);
    }
  });

  it.each([
    ['WERF_BUILDAH_MODE', 'sideways', 'native-rootless'],
    ['WERF_BUILDAH_STORAGE_DRIVER', 'zfs', 'overlay'],
    ['WERF_BUILDAH_ULIMIT', 'nofile:9:3', 'nofile'],
    ['WERF_BUILDAH_ULIMIT', 'files:9', 'nofile'],
    ['SLIPWAY_COMPRESSION', 'brotli', 'zstd'],
    ['SLIPWAY_BLOB_CACHE_MB', 'much', 'megabytes'],
  ])('is given %s=%s', async (name, value, expected) => {
    const outcome = await building({ 'werf.yaml': config(), Dockerfile: base() }, { env: { [name]: value } });
    expectError(outcome, name, value, expected);
  });

  it('is left without engines', () => expect(runningEngines()).toEqual([]));
});
