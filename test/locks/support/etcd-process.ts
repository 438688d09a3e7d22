import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';

export interface EtcdProcess {
  /** host:port on loopback. */
  readonly endpoint: string;
  /** With -9. */
  kill(): Promise<void>;
  /** Again on the same port and data. */
  restart(): Promise<void>;
  /** etcdctl; its output. */
  control(args: readonly string[], user?: string): Promise<string>;
}

export interface EtcdOptions {
  /** Empty, for its data. */
  readonly directory: string;
  /** Bytes. */
  readonly quota?: number;
  /** Paths of PEM files; plain HTTP without them. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** A real etcd (Debian's etcd-server) on loopback. */
export async function etcdProcess({ directory, quota, tls }: EtcdOptions): Promise<EtcdProcess> {
  const [endpoint, peer] = [`127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
  const url = `${tls ? 'https' : 'http'}://${endpoint}`;
  const start = async () => {
    const child = execa(
      'etcd',
      [
        ...['--name', 'test', '--data-dir', join(directory, 'data'), '--log-level', 'error'],
        ...['--listen-client-urls', url, '--advertise-client-urls', url],
        ...[
          '--listen-peer-urls',
          peer,
          '--initial-advertise-peer-urls',
          peer,
          '--initial-cluster',
          `test=${peer}`,
        ],
        ...(quota === undefined ? [] : ['--quota-backend-bytes', `${quota}`]),
        ...(tls ? ['--cert-file', tls.cert, '--key-file', tls.key] : []),
      ],
      { reject: false, all: true },
    );
    for (let tries = 0; tries < 400; tries++) {
      const { exitCode, stderr } = await control(['endpoint', 'health']);
      // One that wants to know who asks is there too.
      if (exitCode === 0 || stderr.includes('user name is empty')) return { child };
      if (child.exitCode !== null) throw new Error(`etcd ended: ${(await child).all}`);
      await sleep(25);
    }
    child.kill('SIGKILL');
    throw new Error(`etcd does not answer on ${url}`);
  };
  const control = (args: readonly string[], user?: string) =>
    execa(
      'etcdctl',
      [
        ...['--endpoints', url, '--command-timeout', '2s', ...(tls ? ['--cacert', tls.ca] : [])],
        ...(user === undefined ? [] : ['--user', user]),
        ...args,
      ],
      { reject: false, env: { ETCDCTL_API: '3' } },
    );
  let running = await start();
  const kill = async () => {
    running.child.kill('SIGKILL');
    await running.child;
  };
  return {
    endpoint,
    kill,
    async restart() {
      await kill();
      running = await start();
    },
    async control(args, user) {
      const { exitCode, stdout, stderr } = await control(args, user);
      if (exitCode !== 0) throw new Error(`etcdctl ${args.join(' ')}: ${stderr}`);
      return stdout;
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}
