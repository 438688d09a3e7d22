import type { Locks, WarnOfLocks } from './locks.ts';
import { NO_LOCK } from './no-lock.ts';

/** Locks that are done without where they cannot be taken: a full disk, a home that others own. */
export function optionalLocks(locks: Locks, place: string, warn: WarnOfLocks): Locks {
  let isTold = false;
  return {
    async hold(name, signal, work) {
      let isWorking = false;
      try {
        return await locks.hold(name, signal, (held) => {
          isWorking = true;
          return work(held);
        });
      } catch (error) {
        if (isWorking || signal.aborted) throw error;
        if (!isTold) warn(unusable(place, error));
        isTold = true;
        return await work(NO_LOCK);
      }
    },
  };
}

function unusable(place: string, error: unknown) {
  const reason = error instanceof Error ? error.message : String(error);
  return {
    code: 'LOCKS_UNREACHABLE',
    message: `no locks can be had in ${place}: ${reason}; the work goes on without them`,
    hint: 'what is built stays right; builders that run at the same time may do some work twice',
  };
}
