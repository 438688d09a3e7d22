import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { JsonAnswer } from '../json-requests.ts';
import { type Lease, LeaseDenied, type LeaseServer, type LeaseTimes } from '../leases.ts';
import { withTries } from '../tries.ts';
import { type KubeApi, messageOf } from './kube-api.ts';

const StoredLease = z.object({
  metadata: z.looseObject({ name: z.string(), uid: z.string().default(''), resourceVersion: z.string() }),
  spec: z
    .looseObject({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      leaseTransitions: z.number().nullish(),
    })
    .default({}),
});
type StoredLease = z.infer<typeof StoredLease>;

export interface KubeLeasesParts {
  /** For messages. */
  readonly address: string;
  readonly api: KubeApi;
  readonly namespace: string;
  /** Names this builder for people; what makes it unique is added. */
  readonly builder: string;
  readonly times: LeaseTimes;
  /** Unix milliseconds, for people: nothing is decided by it. */
  readonly now: () => number;
}

/**
 * Locks as Lease objects of a cluster, one per lock, deleted when it is given back. Every change names the version that
 * it is made of, so of two only one succeeds. A holder is taken for dead when its object has not changed for its time
 * to live, by the clock of whoever waits: those of others may be wrong.
 */
export function kubeLeases(parts: KubeLeasesParts): LeaseServer {
  const { address, api, namespace, builder, times, now } = parts;
  const all = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  return {
    address,
    async acquire(name, tries, signal) {
      const place: Place = { api, all, path: `${all}/${leaseName(name)}`, name, times, now };
      const holder = `${builder}_${randomUUID()}`;
      const mayTry = { most: tries, pause: times.pause, signal };
      let [seen, asked] = [{ version: '', at: performance.now() }, performance.now()];
      for (;;) {
        const looked = performance.now();
        const found = await withTries(mayTry, () => read(place, signal));
        // A try whose answer was lost may have succeeded.
        if (found?.spec.holderIdentity === holder) return leaseOf(place, holder, found, asked);
        if (found && found.metadata.resourceVersion !== seen.version) {
          seen = { version: found.metadata.resourceVersion, at: looked };
        }
        if (found && !isFree(found, looked - seen.at)) {
          await sleep(times.poll, undefined, { signal });
          continue;
        }
        asked = performance.now();
        const taken = await withTries(mayTry, () => take(place, holder, found, signal));
        if (taken) return leaseOf(place, holder, taken, asked);
        await sleep(times.conflict, undefined, { signal });
      }
    },
  };
}

interface Place {
  readonly api: KubeApi;
  readonly all: string;
  readonly path: string;
  readonly name: string;
  readonly times: LeaseTimes;
  readonly now: () => number;
}

/** Names of locks may hold what names of objects must not. */
export function leaseName(lock: string): string {
  return `slipway-${createHash('sha256').update(lock).digest('hex').slice(0, 40)}`;
}

/** @param unchanged milliseconds that it was seen so */
function isFree({ spec }: StoredLease, unchanged: number): boolean {
  return !spec.holderIdentity || unchanged > (spec.leaseDurationSeconds ?? 0) * 1000;
}

/** null: there is none. */
async function read({ api, path }: Place, signal: AbortSignal): Promise<StoredLease | null> {
  const said = await api.send('GET', path, null, signal);
  return said.status === 404 ? null : stored(said);
}

/** Makes the lease, or takes over a free one; null: another was faster. */
async function take(
  place: Place,
  holder: string,
  found: StoredLease | null,
  signal: AbortSignal,
): Promise<StoredLease | null> {
  const time = microTime(place.now());
  const spec = {
    holderIdentity: holder,
    leaseDurationSeconds: place.times.live / 1000,
    acquireTime: time,
    renewTime: time,
    leaseTransitions: found ? (found.spec.leaseTransitions ?? 0) + 1 : 0,
  };
  const said = found
    ? await place.api.send('PUT', place.path, leaseObject(found.metadata, spec), signal)
    : await place.api.send('POST', place.all, leaseObject(newMetadata(place.name), spec), signal);
  return isOvertaken(said, found !== null) ? null : stored(said);
}

function leaseOf(place: Place, holder: string, first: StoredLease, taken: number): Lease {
  let [current, since] = [first, taken];
  /** What others have changed about it meanwhile is kept, as long as the holder is the same. */
  const again = async (signal: AbortSignal): Promise<boolean> => {
    const found = await read(place, signal);
    if (found?.spec.holderIdentity !== holder) return false;
    current = found;
    return true;
  };
  return {
    get since() {
      return since;
    },
    async renew(signal) {
      for (;;) {
        const asked = performance.now();
        const spec = { ...current.spec, renewTime: microTime(place.now()) };
        const said = await place.api.send('PUT', place.path, leaseObject(current.metadata, spec), signal);
        if (!isOvertaken(said, true)) {
          current = stored(said);
          since = asked;
          return true;
        }
        if (!(await again(signal))) return false;
      }
    },
    async release(signal) {
      for (;;) {
        const { uid, resourceVersion } = current.metadata;
        const preconditions = { ...(uid === '' ? {} : { uid }), resourceVersion };
        const said = await place.api.send('DELETE', place.path, { preconditions }, signal);
        if (!isOvertaken(said, true) || !(await again(signal))) return;
      }
    },
  };
}

/** Has another one changed, made or removed it? @param known was it there? Without its namespace none can be made */
function isOvertaken({ status }: JsonAnswer, known: boolean): boolean {
  return status === 409 || (known && status === 404);
}

function stored(said: JsonAnswer): StoredLease {
  const lease = StoredLease.safeParse(said.body);
  if (said.status < 300 && lease.success) return lease.data;
  throw new LeaseDenied(said.status < 300 ? 'the answer is no Lease' : messageOf(said));
}

function newMetadata(lock: string) {
  return {
    name: leaseName(lock),
    labels: { 'app.kubernetes.io/managed-by': 'slipway' },
    // Hashes tell people nothing.
    annotations: { 'slipway/lock': lock },
  };
}

function leaseObject(metadata: object, spec: object) {
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
}

/** As Kubernetes writes times of leases. */
function microTime(now: number): string {
  return new Date(now).toISOString().replace('Z', '000Z');
}
