import type { LeaseTimes } from '../../../src/locks/leases.ts';
import type { LockTimes } from '../../../src/locks/machine/machine-locks.ts';

/** As short as etcd allows: an election must fit into the life of a lease. */
export const SHORT_LEASES: LeaseTimes = {
  live: 2000,
  renew: 500,
  poll: 100,
  conflict: 50,
  tries: 10,
  pause: 20,
  answer: 2000,
  away: 60_000,
};

export const SHORT_LOOKS: LockTimes = { look: 5, sign: 20, silence: 2000 };
