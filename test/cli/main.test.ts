import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { access, chmod, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);

let directory = '';
let program = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'main-'));
  program = join(directory, 'slipway.js');
  await run(process.execPath, [join(ROOT, 'scripts', 'bundle.mjs'), program]);
}, 60_000);

afterAll(() => rm(directory, { recursive: true }));

function ended(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
}

describe('the bundled program', () => {
  it('runs by itself, from any directory and through a link', async () => {
    await symlink(program, join(directory, 'linked'));
    const { stdout, stderr } = await run(join(directory, 'linked'), ['version'], { cwd: '/' });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(stderr).toBe('');
  });

  it('exits with the status of what went wrong', async () => {
    const failed = run(program, ['frobnicate']);
    await expect(failed).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^Error: /),
    });
  });

  it('says nothing when nobody reads on', () => {
    const line = `"${process.execPath}" "${program}" help build 2>"${join(directory, 'errors')}" | head -c 1`;
    expect(
      execFileSync('bash', ['-c', `${line}; cat "${join(directory, 'errors')}"`], { encoding: 'utf8' }),
    ).toBe('U');
  });

  it('writes everything before it ends, also into a slow pipe', () => {
    const whole = execFileSync(program, ['completion'], { encoding: 'utf8' });
    const slow = execFileSync('bash', ['-c', `"${program}" completion | (sleep 0.5; cat)`], {
      encoding: 'utf8',
    });
    expect(slow).toBe(whole);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('stops politely at %s with status %i', async (signal, status) => {
    const child = await stuck();
    const before = performance.now();
    child.kill(signal);
    expect(await ended(child)).toEqual({ code: status, signal: null });
    expect(performance.now() - before).toBeLessThan(5000);
  });

  it('keeps what V8 compiled for the next run, and does without it where it does not fit', async () => {
    const home = await mkdtemp(join(directory, 'home-'));
    const code = join(home, 'local_cache', 'code');
    const list = async () => {
      const options = { cwd: directory, env: { ...process.env, WERF_HOME: home } };
      const { stdout } = await run(program, ['config', 'list', '--dir', project], options);
      const names = await readdir(code);
      expect([stdout, names.length]).toEqual(['app\n', 1]);
      const file = join(code, names[0] ?? '');
      return { file, ...(await stat(file)) };
    };
    const project = await sampleProject();
    const first = await list();
    expect(first.mode & 0o777).toBe(0o600);
    expect((await list()).ino).toBe(first.ino);

    await writeFile(first.file, 'damaged');
    expect((await list()).size).toBeGreaterThan(100_000);
    expect((await list()).size).toBeGreaterThan(100_000);

    // Others could have written it: it is made anew.
    await chmod(first.file, 0o666);
    expect((await list()).mode & 0o777).toBe(0o600);
  });

  it('needs no place to keep anything', async () => {
    const project = await sampleProject();
    const options = { env: { ...process.env, WERF_HOME: '/dev/null/nowhere' } };
    expect(await run(program, ['config', 'list', '--dir', project], options)).toEqual({
      stdout: 'app\n',
      stderr: '',
    });
  });

  it('starts in at most two and a half times what Node.js needs for nothing', () => {
    const least = (args: readonly string[]) =>
      Math.min(
        ...Array.from({ length: 10 }, () => {
          const before = performance.now();
          execFileSync(process.execPath, args);
          return performance.now() - before;
        }),
      );
    expect(least([program, 'version'])).toBeLessThan(2.5 * least(['-e', '0']));
  }, 60_000);

  async function sampleProject(): Promise<string> {
    const project = await mkdtemp(join(directory, 'project-'));
    await writeFile(
      join(project, 'werf.yaml'),
      'project: p\nconfigVersion: 1\n---\nimage: app\ndockerfile: Dockerfile\n',
    );
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: project });
    git('init', '-q');
    git('add', '.');
    git('commit', '-qm', 'first');
    return project;
  }

  /** A command that waits for a git program which never answers. */
  async function stuck(): Promise<ChildProcess> {
    const project = await sampleProject();
    const bin = await mkdtemp(join(directory, 'bin-'));
    const marker = join(bin, 'started');
    await writeFile(join(bin, 'git'), `#!/bin/sh\ntouch '${marker}'\nexec sleep 60\n`, { mode: 0o755 });
    const child = spawn(process.execPath, [program, 'config', 'list', '--dir', project], {
      env: { ...process.env, PATH: `${bin}:${process.env['PATH']}`, HOME: directory },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await vi.waitFor(() => access(marker), { timeout: 10_000 });
    return child;
  }
});
