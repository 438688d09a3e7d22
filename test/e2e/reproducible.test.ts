import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder, runningEngines } from './support/builder.ts';
import { config, makeProject } from './support/project.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.stop());

/** Two images: one that is always the same, and one that holds the time. A directory of somebody else is in both. */
function files(): Record<string, string> {
  const base = `FROM ${registry.host}/busybox:latest\nCOPY app /app\nRUN mkdir -p /deep/own && chown -R 33:33 /deep && chmod 700 /deep\n`;
  return {
    'werf.yaml': `${config()}---\nimage: timely\ndockerfile: timely.Dockerfile\n`,
    Dockerfile: `${base}RUN cat /app/* >/sum\nENV WHO=me\n`,
    'timely.Dockerfile': `${base}RUN echo same >/same; head -c 16 /dev/urandom >/random; date >/deep/date\n`,
    'app/one': 'one\n',
    'app/two': 'two\n',
  };
}

describe.each(['root', 'ordinary'] as const)('checking that images are reproducible as %s', (user) => {
  let builder: Builder;
  let project: Fixture;
  beforeAll(async () => {
    builder = await makeBuilder({ user });
    project = await makeProject(files());
  });
  afterAll(async () => {
    await builder.remove();
    await project.remove();
  });
  const check = (...args: string[]) =>
    builder.run(['build', '--check-reproducible', '--tmp-dir', builder.home, ...args], { cwd: project.root });
  const leftovers = async () => (await readdir(builder.home)).filter((name) => name.startsWith('werf-'));

  it('says so of an image that is the same twice', async () => {
    const { exitCode, stdout, stderr } = await check('app');
    expect(stderr).toBe('');
    expect(stdout.match(/Building stage app\/dockerfile/g)?.length).toBeGreaterThanOrEqual(2);
    expect(stdout).toMatch(/image app is reproducible: \d+ layer digests and the configuration are equal/);
    expect(exitCode).toBe(0);
  });

  it('names image, layer, instruction and files of one that is not', async () => {
    const { exitCode, stdout, stderr } = await check();
    expect(`${stderr}${stdout}`).toContain('image app is reproducible');
    expect(stderr).toContain('Error: image timely: two builds of one commit differ');
    expect(stderr).toMatch(/layer \d+ of \d+ differs, made by .*\/dev\/urandom/);
    expect(stderr).toMatch(/^ {2}\/random: content: sha256:[0-9a-f]{64} and sha256:[0-9a-f]{64}$/m);
    expect(stderr).toMatch(/^ {2}\/deep\/date: content: /m);
    expect(stderr).not.toMatch(/^ {2}\/same: (?:content|size|mode|presence)/m);
    expect(exitCode).toBe(1);
  });

  it('publishes nothing, and keeps nothing', async () => {
    const repo = `${registry.host}/checked-${user}`;
    expect((await check('app', '--repo', repo)).exitCode).toBe(0);
    expect(registry.stages(`checked-${user}`)).toEqual([]);
    expect(await readdir(builder.graphRoot).catch(() => [])).toEqual([]);
    expect(await leftovers()).toEqual([]);
    expect(runningEngines()).toEqual([]);
  });

  /** Ends a check in its second build. @returns its exit status */
  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const args = ['build', 'app', '--check-reproducible', '--tmp-dir', builder.home];
    const child = builder.start(args, { cwd: project.root });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    await new Promise<void>((resolve, reject) => {
      let output = '';
      child.stdout.on('data', (data: Buffer) => {
        output += data;
        if (/for the second time[\s\S]*Building stage/.test(output)) resolve();
      });
      child.once('exit', () => reject(new Error(output)));
    });
    child.kill(signal);
    return await ended;
  }

  it('leaves nothing when it is stopped in the second build', async () => {
    expect(await end('SIGTERM')).toBe(143);
    expect(await leftovers()).toEqual([]);
    expect(runningEngines()).toEqual([]);
  });

  it('leaves to the next run what it had when it was killed', async () => {
    await end('SIGKILL');
    await expect.poll(runningEngines, { timeout: 20_000 }).toEqual([]);
    expect(await leftovers()).toHaveLength(1);
    expect((await check('app')).exitCode).toBe(0);
    expect(await leftovers()).toEqual([]);
  });

  it('is no build that could be reported on', async () => {
    const { exitCode, stderr } = await check('--save-build-report');
    expect(stderr).toContain('--check-reproducible and --save-build-report exclude each other');
    expect(exitCode).toBe(1);
  });
});
