import { execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder, RUNGS, runningEngines } from './support/builder.ts';
import { config, makeProject } from './support/project.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.stop());

const mountsBelow = (path: string) =>
  execFileSync('awk', ['{print $2}', '/proc/mounts'], { encoding: 'utf8' })
    .split('\n')
    .filter((mount) => mount.startsWith(path) && mount !== `${path}/graph/overlay`);

const running = (text: string) =>
  execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(text) && !line.includes('RUN '));

describe.each(Object.entries(RUNGS))('SIGTERM in the middle of RUN: %s', (_, rung) => {
  let builder: Builder;
  let project: Fixture;
  beforeAll(async () => {
    builder = await makeBuilder(rung);
    project = await makeProject({
      'werf.yaml': config('args:', '  PAUSE: "97531"'),
      Dockerfile: `FROM ${registry.host}/busybox:latest\nARG PAUSE\nRUN echo begun && sleep $PAUSE\n`,
    });
  });
  afterAll(async () => {
    await builder.remove();
    await project.remove();
  });

  it('ends with 143 and leaves no process, mount, container or temporary file', async () => {
    const child = builder.start(['build', '--tmp-dir', builder.home], { cwd: project.root });
    let output = '';
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (data: Buffer) => {
        output += data;
        if (/^.*│ begun$/m.test(output)) resolve();
      });
      child.once('exit', () => reject(new Error(output)));
    });
    child.kill('SIGTERM');
    expect(await ended).toBe(143);
    expect(running('sleep 97531')).toEqual([]);
    expect(runningEngines()).toEqual([]);
    expect(mountsBelow(builder.home)).toEqual([]);
    expect(await builder.containers()).toEqual([]);
    expect(await builder.halfMade()).toEqual([]);
    expect((await readdir(builder.home)).filter((name) => name.startsWith('werf-'))).toEqual([]);
  });

  it('lets the next build work', async () => {
    await project.write({ 'werf.yaml': config('args:', '  PAUSE: "0"') });
    await project.commit('shorter');
    const { exitCode, stderr } = await builder.run(['build'], { cwd: project.root });
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
  });
});

describe('SIGTERM in the middle of a push', () => {
  it('leaves no tag, and the next build pushes', async () => {
    const builder = await makeBuilder();
    const project = await makeProject({
      'werf.yaml': config(),
      Dockerfile: `FROM ${registry.host}/busybox:latest\nRUN dd if=/dev/urandom of=/big bs=1M count=8\n`,
    });
    const slow = await slowUploads(registry.host);
    const child = builder.start(['build', '--repo', `${slow.host}/cut`], { cwd: project.root });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    await slow.uploading;
    child.kill('SIGTERM');
    expect(await ended).toBe(143);
    expect(runningEngines()).toEqual([]);
    expect(registry.stages('cut')).toEqual([]);
    await slow.close();
    const again = await builder.run(['build', '--repo', `${registry.host}/cut`], { cwd: project.root });
    expect(again.exitCode).toBe(0);
    expect(registry.stages('cut')).toHaveLength(1);
    await builder.remove();
    await project.remove();
  });
});

/** A way to the registry that swallows what comes after the first 100 KB of a connection. */
async function slowUploads(host: string) {
  const { connect } = await import('node:net');
  const sockets = new Set<Socket>();
  let started: () => void = () => undefined;
  const uploading = new Promise<void>((resolve) => {
    started = resolve;
  });
  const server = createServer((client) => {
    const upstream = connect(Number(host.split(':')[1]), '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    let passed = 0;
    client.on('data', (data) => {
      passed += data.length;
      if (passed < 100_000) upstream.write(data);
      else started();
    });
    upstream.pipe(client);
    client.on('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = address && typeof address === 'object' ? address.port : 0;
  return {
    host: `127.0.0.1:${port}`,
    uploading,
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
