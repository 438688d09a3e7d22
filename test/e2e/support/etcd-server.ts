import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './registry.ts';

/** A real etcd of one member. */
export interface EtcdServer {
  /** host:port */
  readonly endpoint: string;
  /** Ends it at once; it does not come back. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** @param address where it listens */
export async function startEtcd(address: string): Promise<EtcdServer> {
  const directory = await mkdtemp(join(tmpdir(), 'slipway-etcd-'));
  const [client, peer] = [await freePort(), await freePort()];
  const endpoint = `${address}:${client}`;
  const peers = `http://127.0.0.1:${peer}`;
  const child = spawn(
    'etcd',
    [
      ['--data-dir', directory],
      ['--listen-client-urls', `http://${endpoint}`],
      ['--advertise-client-urls', `http://${endpoint}`],
      ['--listen-peer-urls', peers],
      ['--initial-advertise-peer-urls', peers],
      ['--initial-cluster', `default=${peers}`],
      ['--logger', 'zap'],
      ['--log-level', 'error'],
    ].flat(),
    { stdio: 'ignore' },
  );
  await answering(endpoint, child);
  const kill = () =>
    new Promise<void>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once('exit', () => resolve());
      child.kill('SIGKILL');
    });
  return {
    endpoint,
    kill,
    async stop() {
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function answering(endpoint: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`etcd ended with ${child.exitCode}`);
    const answer = await fetch(`http://${endpoint}/health`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`etcd does not answer on ${endpoint}`);
}
