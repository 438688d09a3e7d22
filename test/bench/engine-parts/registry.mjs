// Debian's docker-registry on the loopback interface, empty each time: blobs of other repositories would be mounted.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Starts a registry without contents, hands its address and the directory of its data to `use`, ends it and removes what it holds.
 * @param log file that gets a line for each request
 */
export async function withRegistry(work, use, { log } = {}) {
  const directory = mkdtempSync(join(work, 'registry-'));
  const address = `127.0.0.1:${await freePort()}`;
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: log === undefined } },
    storage: { filesystem: { rootdirectory: join(directory, 'data') } },
    http: { addr: address },
  };
  // JSON is YAML.
  writeFileSync(join(directory, 'config.yml'), JSON.stringify(config));
  const output = log === undefined ? 'ignore' : openSync(log, 'a');
  const stdio = ['ignore', output, output];
  const child = spawn('docker-registry', ['serve', join(directory, 'config.yml')], { stdio });
  const ended = once(child, 'exit');
  try {
    await answering(address, ended);
    return await use(address, join(directory, 'data'));
  } finally {
    child.kill();
    await ended.catch(() => undefined);
    rmSync(directory, { recursive: true, force: true });
  }
}

async function answering(address, ended) {
  const gone = ended.then(() => Promise.reject(new Error('docker-registry ended before it answered')));
  gone.catch(() => undefined);
  for (let i = 0; ; i++) {
    try {
      await Promise.race([fetch(`http://${address}/v2/`), gone]);
      return;
    } catch (error) {
      if (i === 100 || !(error instanceof TypeError)) throw error;
      await Promise.race([delay(50), gone]);
    }
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
