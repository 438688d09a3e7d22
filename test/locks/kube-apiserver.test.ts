import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leaseName } from '../../src/locks/kubernetes/kube-leases.ts';
import { locksContract } from '../contract/locks.ts';
import { type EtcdProcess, etcdProcess } from './support/etcd-process.ts';
import { type KubeApiserverProcess, kubeApiserverProcess } from './support/kube-apiserver-process.ts';
import { lockHolder } from './support/lock-holder.ts';
import { type LockPlace, locksAt } from './support/lock-place.ts';
import { SHORT_LEASES } from './support/test-times.ts';

/** It takes too long to build for every run: test/equipment/kube-apiserver/build does it once. */
const program = execFileSync(
  join(import.meta.dirname, '..', 'equipment', 'kube-apiserver', 'build'),
  ['--cached'],
  {
    encoding: 'utf8',
  },
).trim();

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/locks/leases';
const never = new AbortController().signal;

describe.skipIf(program === '')('with a real API server of Kubernetes', () => {
  let directory: string;
  let etcd: EtcdProcess;
  let cluster: KubeApiserverProcess;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'slipway-cluster-'));
    etcd = await etcdProcess({ directory });
    cluster = await kubeApiserverProcess(program, { directory, etcd: etcd.endpoint });
  }, 120_000);
  afterAll(async () => {
    await cluster?.kill();
    await etcd?.kill();
    await rm(directory, { recursive: true, force: true });
  });
  const place = (): LockPlace => ({ kind: 'kubernetes', kubeconfig: cluster.kubeconfig });

  locksContract('as its leases', async () => ({
    builder: () => locksAt(place()),
    holder: (name) => lockHolder(place(), name),
    live: SHORT_LEASES.live,
  }));

  it('locks are objects that tell who holds what, and nothing of them is left', async () => {
    const locks = await locksAt(place());
    await locks.hold('project/stage/1', never, async () => {
      const { body } = await cluster.ask('GET', `${LEASES}/${leaseName('project/stage/1')}`);
      expect(body).toMatchObject({
        metadata: { annotations: { 'slipway/lock': 'project/stage/1' } },
        spec: { leaseDurationSeconds: 2, leaseTransitions: 0 },
      });
    });
    const { body } = await cluster.ask('GET', LEASES);
    expect((body as { items: readonly unknown[] }).items).toEqual([]);
  });

  it('a lock is lost when an administrator deletes its lease', async () => {
    const warnings: string[] = [];
    const locks = await locksAt(place(), ({ code }) => warnings.push(code));
    await locks.hold('stage', never, async ({ lost }) => {
      await cluster.ask('DELETE', `${LEASES}/${leaseName('stage')}`);
      await new Promise((resolve) => lost.addEventListener('abort', resolve));
    });
    expect(warnings).toEqual(['LOCK_LOST']);
  });

  it('builders are refused where they have no role, or there is no namespace', async () => {
    const { kubeconfig } = cluster;
    const refused = async (namespace: string) => {
      const locks = await locksAt({ kind: 'kubernetes', kubeconfig, namespace });
      await expect(locks.hold('a', never, async () => 1)).rejects.toMatchObject({ code: 'LOCKS_DENIED' });
    };
    await refused('default');
    await refused('nowhere');
  });
});
