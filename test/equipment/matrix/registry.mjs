import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { must, start } from './run.mjs';

/** Name of the base image in the layout, and names on Docker Hub that projects know it by. */
const BASES = { busybox: 'library/busybox:latest', debian: 'library/debian:12-slim' };

/**
 * A registry on loopback that stands in for Docker Hub's base images and takes what is built.
 * @param {string} layout path of the OCI layout that scripts/test-images.mjs prints
 * @returns {Promise<{ host: string, port: number, stop: () => Promise<void> }>}
 */
export async function startRegistry(layout) {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-registry-'));
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const settings = [
    'version: 0.1',
    'log: {level: error}',
    `storage: {filesystem: {rootdirectory: ${directory}/data}, delete: {enabled: true}}`,
    `http: {addr: "${host}"}`,
    '',
  ];
  writeFileSync(join(directory, 'config.yml'), settings.join('\n'));
  const child = start('docker-registry', ['serve', join(directory, 'config.yml')], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const stop = async () => {
    child.kill();
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await answering(host);
    const copy = ['--insecure-policy', 'copy', '-q', '--dest-tls-verify=false'];
    for (const [name, known] of Object.entries(BASES)) {
      await must('skopeo', [...copy, `oci:${layout}:${name}`, `docker://${host}/${known}`]);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { host, port, stop };
}

async function answering(host) {
  for (let tries = 0; tries < 200; tries++) {
    const answer = await fetch(`http://${host}/v2/`).catch(() => null);
    if (answer?.ok) return;
    await sleep(50);
  }
  throw new Error(`docker-registry does not answer on ${host}`);
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
