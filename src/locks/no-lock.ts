import type { HeldLock } from './locks.ts';

/** What work is given that goes on without a lock. */
export const NO_LOCK: HeldLock = { lost: AbortSignal.abort(new Error('there is no lock')) };
