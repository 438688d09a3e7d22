import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { inProcessLocks } from '../../src/locks/in-process/in-process-locks.ts';
import { nestedLocks } from '../../src/locks/nested-locks.ts';
import { locksContract } from '../contract/locks.ts';
import { temporaryDirectory } from '../helper/scripted.ts';
import { type EtcdProcess, etcdProcess } from './support/etcd-process.ts';
import { kubeconfigOf } from './support/kubeconfig-of.ts';
import { leaseApiStub } from './support/lease-api-stub.ts';
import { lockHolder } from './support/lock-holder.ts';
import { type LockPlace, locksAt } from './support/lock-place.ts';
import { SHORT_LEASES, SHORT_LOOKS } from './support/test-times.ts';

let etcd: EtcdProcess;
let data: string;
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'slipway-etcd-'));
  etcd = await etcdProcess({ directory: data });
});
afterAll(async () => {
  await etcd?.kill();
  await rm(data, { recursive: true, force: true });
});

locksContract('within the process', async () => {
  const locks = inProcessLocks();
  return { builder: async () => locks, holder: null, live: 0 };
});

const at = (place: LockPlace, live: number) => ({
  builder: () => locksAt(place),
  holder: (name: string) => lockHolder(place, name),
  live,
});

locksContract('of a machine', async () =>
  at({ kind: 'machine', directory: await temporaryDirectory() }, 100),
);

locksContract('of the images of a run, then of a machine', async () => {
  const place: LockPlace = { kind: 'machine', directory: await temporaryDirectory() };
  return {
    ...at(place, SHORT_LOOKS.silence),
    builder: async () => nestedLocks(inProcessLocks(), await locksAt(place)),
  };
});

locksContract('of an etcd', async () => at({ kind: 'etcd', endpoints: [etcd.endpoint] }, SHORT_LEASES.live));

locksContract('of a Kubernetes API that checks versions', async () => {
  const stub = await leaseApiStub();
  onTestFinished(stub.close);
  const kubeconfig = await kubeconfigOf(await temporaryDirectory(), { server: stub.url });
  return at({ kind: 'kubernetes', kubeconfig }, SHORT_LEASES.live);
});
