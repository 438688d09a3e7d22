import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, gitFixture } from '../git/git-fixture.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Programs of the machine on which the packages are installed: neither Go nor a compiler. */
const PROGRAMS = ['node', 'npm', 'git', 'sh', 'env'];

describe('the npm packages', () => {
  let directory: string;
  let project: Fixture;
  let env: Readonly<Record<string, string>>;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'slipway-packages-'));
    project = await gitFixture();
    const programs = join(directory, 'bin');
    await mkdir(programs);
    for (const name of PROGRAMS) {
      const found = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
      await symlink(found, join(programs, name));
    }
    env = { PATH: programs, HOME: directory, TMPDIR: tmpdir() };
    const packed = execFileSync(join(root, 'scripts/pack'), [join(directory, 'packages')], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const tarballs = packed.trim().split('\n');
    expect(tarballs).toHaveLength(2);
    const options = ['--offline', '--no-audit', '--no-fund', '--loglevel=error'];
    execFileSync('npm', ['install', '--prefix', join(directory, 'installed'), ...options, ...tarballs], {
      env,
      cwd: directory,
    });
  });
  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
    await project.remove();
  });
  const slipway = (args: readonly string[], cwd = directory) =>
    execFileSync(join(directory, 'installed/node_modules/.bin/slipway'), args, {
      cwd,
      env,
      encoding: 'utf8',
    });
  const manifest = async (name: string) =>
    JSON.parse(
      await readFile(join(directory, 'installed/node_modules', name, 'package.json'), 'utf8'),
    ) as Readonly<Record<string, unknown>>;

  it('run where Go is not installed', async () => {
    const { version } = await manifest('slipway');
    expect(slipway(['version'])).toContain(version);
  });

  it('find the engine of their own version, and read a project', async () => {
    const engine = `slipway-engine-linux-${process.arch}`;
    const { version, optionalDependencies } = await manifest('slipway');
    expect(optionalDependencies).toEqual({ [engine]: version });
    const program = join(directory, 'installed/node_modules', engine, 'slipway-engine');
    expect(execFileSync(program, ['version'], { encoding: 'utf8' }).trim()).toBe(version);
    await project.write({
      'werf.yaml': 'project: demo\nconfigVersion: 1\n---\nimage: app\ndockerfile: Dockerfile\n',
      Dockerfile: 'FROM scratch\n',
    });
    await project.commit('first');
    expect(slipway(['config', 'list'], project.root)).toContain('app');
  });

  it('run no script when they are installed, and contain nothing but what they need', async () => {
    for (const name of ['slipway', `slipway-engine-linux-${process.arch}`]) {
      const { scripts, dependencies } = await manifest(name);
      expect({ name, scripts, dependencies }).toEqual({ name });
    }
    const list = execFileSync('find', ['.', '-type', 'f'], {
      cwd: dirname(join(directory, 'installed/node_modules/slipway/package.json')),
      encoding: 'utf8',
    });
    expect(list.trim().split('\n').sort()).toEqual([
      './CHANGELOG.md',
      './LICENSE',
      './NOTICE',
      './README.md',
      './dist/slipway.js',
      './package.json',
      './werf.schema.json',
    ]);
  });
});
