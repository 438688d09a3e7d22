import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from '../helper/scripted.ts';

export interface RegistryProcess {
  /** host:port on loopback, plain HTTP. */
  readonly host: string;
}

/** A real registry (Debian's docker-registry) that allows deletion; ended with the test. */
export async function registryProcess(): Promise<RegistryProcess> {
  const directory = await temporaryDirectory();
  const host = `127.0.0.1:${await freePort()}`;
  const config = join(directory, 'config.yml');
  await writeFile(
    config,
    [
      'version: 0.1',
      'log: { level: error }',
      `http: { addr: "${host}" }`,
      'storage:',
      `  filesystem: { rootdirectory: "${join(directory, 'data')}" }`,
      '  delete: { enabled: true }',
      '',
    ].join('\n'),
  );
  const child = execa('docker-registry', ['serve', config], { reject: false, all: true });
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await child;
  });
  for (let tries = 0; tries < 200; tries++) {
    const answer = await fetch(`http://${host}/v2/`).catch(() => null);
    if (answer?.ok) return { host };
    await sleep(25);
  }
  throw new Error(`docker-registry does not answer on ${host}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}
