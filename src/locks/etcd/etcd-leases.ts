import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Unreachable } from '../json-requests.ts';
import { keepAlive } from '../keep-alive.ts';
import type { Lease, LeaseServer, LeaseTimes } from '../leases.ts';
import { type EtcdGateway, EtcdRefusal } from './etcd-gateway.ts';

/** All keys of locks begin so: the permission that a user of the cluster needs. */
const PREFIX = 'slipway/';
const NOT_FOUND = 5;

const Granted = z.object({ ID: z.string() });
const Renewed = z.object({ result: z.object({ TTL: z.string().default('0') }) });
const Key = z.object({ key: z.string(), create_revision: z.string().transform(BigInt) });
const Range = z.object({ kvs: z.array(Key).default([]) });
const Queued = z.object({
  header: z.object({ revision: z.string() }),
  responses: z.array(z.object({ response_range: Range.optional() })).default([]),
});
const Watched = z.object({
  result: z.object({
    canceled: z.boolean().default(false),
    events: z.array(z.object({ type: z.string().optional() })).default([]),
  }),
});

/**
 * Locks of an etcd cluster: whoever wants one puts a key of its own with a lease beside those of the others, and has it
 * when no older key is left. Who is killed is gone when the lease ends.
 */
export function etcdLeases(address: string, etcd: EtcdGateway, times: LeaseTimes): LeaseServer {
  const grant = async (tries: number, signal: AbortSignal): Promise<GrantedLease> => {
    const since = performance.now();
    const { ID: id } = Granted.parse(
      await etcd.call('lease/grant', { TTL: `${times.live / 1000}` }, tries, signal),
    );
    return leaseOf(etcd, id, since);
  };
  return {
    address,
    async acquire(name, tries, signal) {
      for (;;) {
        const lease = await grant(tries, signal);
        const kept = keepAlive(lease, times);
        let isMine = false;
        try {
          const waiting = AbortSignal.any([signal, kept.lost]);
          isMine = await reachHead({ etcd, times, tries, signal: waiting }, name, lease.id);
          if (isMine) return lease;
        } catch (error) {
          signal.throwIfAborted();
          if (!isEnded(error) && !kept.lost.aborted) throw error;
        } finally {
          await kept.stop();
          if (!isMine) await leave(lease, times);
        }
      }
    },
  };
}

interface GrantedLease extends Lease {
  readonly id: string;
}

interface Waiting {
  readonly etcd: EtcdGateway;
  readonly times: LeaseTimes;
  readonly tries: number;
  readonly signal: AbortSignal;
}

function leaseOf(etcd: EtcdGateway, id: string, granted: number): GrantedLease {
  let since = granted;
  return {
    id,
    get since() {
      return since;
    },
    async renew(signal) {
      const asked = performance.now();
      const said = Renewed.parse(await etcd.call('lease/keepalive', { ID: id }, 1, signal));
      if (said.result.TTL === '0') return false;
      since = asked;
      return true;
    },
    async release(signal) {
      try {
        await etcd.call('lease/revoke', { ID: id }, 1, signal);
      } catch (error) {
        if (!isEnded(error)) throw error;
      }
    },
  };
}

/** @returns true when the key of the lease is the oldest one; false when it is gone */
async function reachHead(waiting: Waiting, name: string, lease: string): Promise<boolean> {
  const { etcd, tries, signal } = waiting;
  const place = `${PREFIX}${name.replace(/[%@]/g, encodeURIComponent)}@`;
  const key = base64(place + lease);
  const queue = [{ request_range: { key } }, { request_range: oldestOf(place) }];
  const said = Queued.parse(
    await etcd.call(
      'kv/txn',
      {
        compare: [{ key, target: 'CREATE', result: 'EQUAL', create_revision: '0' }],
        success: [{ request_put: { key, lease } }, ...queue],
        failure: queue,
      },
      tries,
      signal,
    ),
  );
  const [own, oldest] = said.responses.flatMap(({ response_range: range }) => (range ? [range.kvs[0]] : []));
  if (own === undefined) return false;
  if (oldest?.key === own.key) return true;
  for (;;) {
    const before = Range.parse(
      await etcd.call('kv/range', lastBefore(place, own.create_revision), tries, signal),
    ).kvs[0];
    if (before === undefined) return await exists(waiting, key);
    await untilGone(waiting, before.key, said.header.revision);
  }
}

function oldestOf(place: string) {
  return { ...allOf(place), sort_order: 'ASCEND', sort_target: 'CREATE', limit: '1', keys_only: true };
}

/** The youngest key of a lock that is older than a revision. */
function lastBefore(place: string, revision: bigint) {
  return {
    ...allOf(place),
    max_create_revision: `${revision - 1n}`,
    sort_order: 'DESCEND',
    sort_target: 'CREATE',
    limit: '1',
    keys_only: true,
  };
}

/** All keys that begin so: up to the first text that does not. */
function allOf(place: string) {
  const last = place.charCodeAt(place.length - 1);
  return { key: base64(place), range_end: base64(`${place.slice(0, -1)}${String.fromCharCode(last + 1)}`) };
}

async function exists({ etcd, tries, signal }: Waiting, key: string): Promise<boolean> {
  return Range.parse(await etcd.call('kv/range', { key, keys_only: true }, tries, signal)).kvs.length > 0;
}

/** Ends when the key is deleted, when it cannot be watched, or after a while, to look again. */
async function untilGone({ etcd, times, signal }: Waiting, key: string, revision: string): Promise<void> {
  const over = AbortSignal.timeout(times.live);
  const stop = new AbortController();
  const watching = etcd.watch(
    { create_request: { key, start_revision: `${BigInt(revision) + 1n}`, filters: ['NOPUT'] } },
    AbortSignal.any([signal, over, stop.signal]),
  );
  try {
    for await (const said of watching) {
      const { canceled, events } = Watched.parse(said).result;
      if (canceled || events.length > 0) return;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (over.aborted) return;
    if (!(error instanceof Unreachable || error instanceof z.ZodError)) throw error;
  } finally {
    stop.abort();
  }
  await sleep(times.poll, undefined, { signal });
}

/** Whoever comes behind need not wait for the end of the lease. */
async function leave(lease: GrantedLease, { answer }: LeaseTimes): Promise<void> {
  await lease.release(AbortSignal.timeout(answer)).catch(() => undefined);
}

function isEnded(error: unknown): boolean {
  return error instanceof EtcdRefusal && error.code === NOT_FOUND;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
