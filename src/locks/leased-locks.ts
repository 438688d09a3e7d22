import { UserError } from '../diagnostics/user-error.ts';
import { keepAlive } from './keep-alive.ts';
import { type Lease, LeaseDenied, type LeaseServer, type LeaseTimes } from './leases.ts';
import type { Locks, WarnOfLocks } from './locks.ts';
import { NO_LOCK } from './no-lock.ts';
import { withTries } from './tries.ts';

/**
 * Locks among all builders that ask one server. Work whose lock is lost goes on; so does work without a server, which
 * is not asked again for a while then.
 */
export function leasedLocks(server: LeaseServer, times: LeaseTimes, warn: WarnOfLocks): Locks {
  const told = new Set<string>();
  const warnOnce: WarnOfLocks = (problem) => {
    if (!told.has(problem.code)) warn(problem);
    told.add(problem.code);
  };
  const reach: { wasThere: boolean; awayUntil: number | null } = { wasThere: false, awayUntil: null };
  const isAway = () => reach.awayUntil !== null;
  const away = () => {
    reach.awayUntil = performance.now() + times.away;
  };
  /** null: the server cannot be reached, or does not let this one in any more. */
  const acquire = async (name: string, signal: AbortSignal): Promise<Lease | null> => {
    if (performance.now() < (reach.awayUntil ?? 0)) return null;
    try {
      const lease = await server.acquire(name, isAway() ? 1 : times.tries, signal);
      reach.wasThere = true;
      reach.awayUntil = null;
      return lease;
    } catch (error) {
      signal.throwIfAborted();
      // Mistakes in what was given show at once; later, nothing here is a reason for work to fail.
      if (!reach.wasThere && error instanceof LeaseDenied) throw denied(server, error);
      if (!reach.wasThere && error instanceof UserError) throw error;
      away();
      warnOnce({
        code: 'LOCKS_UNREACHABLE',
        message: `no locks can be had at ${server.address}: ${reasonOf(error)}; the work goes on without them`,
        hint: 'what is built stays right; builders that run at the same time may do some work twice',
      });
      return null;
    }
  };
  /** Also after an interruption: others wait for it. A lease that cannot be given back ends by itself. */
  const release = async (lease: Lease): Promise<void> => {
    const left = lease.since + times.live - performance.now();
    const signal = AbortSignal.timeout(Math.max(1, Math.ceil(left)));
    const most = isAway() ? 1 : times.tries;
    await withTries({ most, pause: times.pause, signal }, () => lease.release(signal)).catch(away);
  };
  return {
    async hold(name, signal, work) {
      signal.throwIfAborted();
      const lease = await acquire(name, signal);
      if (lease === null) return await work(NO_LOCK);
      const kept = keepAlive(lease, times);
      const tell = () => warnOnce(lossOf(name, server.address));
      kept.lost.addEventListener('abort', tell, { once: true });
      try {
        return await work({ lost: kept.lost });
      } finally {
        await kept.stop();
        if (!kept.lost.aborted) await release(lease);
      }
    },
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function lossOf(name: string, address: string) {
  return {
    code: 'LOCK_LOST',
    message: `the lock ${name} at ${address} was lost during the work, which goes on without it`,
    hint: 'what is built stays right; another builder may do the same work. Was this machine asleep, or the server away?',
  };
}

function denied(server: LeaseServer, cause: LeaseDenied): UserError {
  return new UserError('LOCKS_DENIED', `${server.address} refuses to give locks: ${cause.message}`, {
    hint: 'check what --synchronization (WERF_SYNCHRONIZATION) says, and what this user may do there',
    cause,
  });
}
