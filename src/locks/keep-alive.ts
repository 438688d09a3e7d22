import { setTimeout as sleep } from 'node:timers/promises';
import type { Lease, LeaseTimes } from './leases.ts';

export interface KeptLease {
  /** Aborted when the lease is another one's, or may be. */
  readonly lost: AbortSignal;
  /** Ends the renewals, and waits for the one under way. */
  stop(): Promise<void>;
}

/** Renews a lease until it is lost or this is stopped. Time is that of this process alone: clocks that differ do no harm. */
export function keepAlive(lease: Lease, times: Pick<LeaseTimes, 'live' | 'renew'>): KeptLease {
  const [stopping, losing] = [new AbortController(), new AbortController()];
  const renewing = (async () => {
    while (!stopping.signal.aborted) {
      await sleep(times.renew, undefined, { signal: stopping.signal, ref: false });
      // A server that does not answer has time until the lease ends; then others may have it.
      const left = lease.since + times.live - performance.now();
      const isKept = left > 0 && (await renewed(lease, Math.ceil(left), stopping.signal));
      if (isKept) continue;
      losing.abort(new Error('the lease has ended'));
      return;
    }
  })().catch(() => undefined);
  return {
    lost: losing.signal,
    async stop() {
      stopping.abort();
      await renewing;
    },
  };
}

/** @param left milliseconds until it ends */
async function renewed(lease: Lease, left: number, stop: AbortSignal): Promise<boolean> {
  const over = AbortSignal.timeout(left);
  const signal = AbortSignal.any([stop, over]);
  for (;;) {
    try {
      return await lease.renew(signal);
    } catch {
      stop.throwIfAborted();
      if (over.aborted) return false;
    }
    await sleep(RETRY, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

/** Milliseconds between two renewals when one has failed. */
const RETRY = 500;
