/** Locks that a server gives for a time, and takes back from those who say nothing any more. */
export interface LeaseServer {
  /** For messages, without what must not be shown. */
  readonly address: string;
  /**
   * Waits until the lock is this process's. Leaves nothing behind when it fails.
   * @param tries how often a request is sent that finds nobody
   * @throws Unreachable when the server does not answer; LeaseDenied; the signal's reason
   */
  acquire(name: string, tries: number, signal: AbortSignal): Promise<Lease>;
}

export interface Lease {
  /** When it was asked for, or renewed last, by `performance.now()`: it ends no earlier than its time to live after that. */
  readonly since: number;
  /** @returns false when it is another one's now, or nobody's. @throws Unreachable; the signal's reason */
  renew(signal: AbortSignal): Promise<boolean>;
  /** @throws Unreachable; the signal's reason */
  release(signal: AbortSignal): Promise<void>;
}

/** The server knows who asks, or does not, and refuses. */
export class LeaseDenied extends Error {
  override readonly name = 'LeaseDenied';
}

/** Milliseconds, and how often what fails is tried. */
export interface LeaseTimes {
  /** Whoever says nothing for so long has lost the lock; whole seconds. */
  readonly live: number;
  readonly renew: number;
  /** Between two looks at a lock of another one, where the server does not tell by itself. */
  readonly poll: number;
  /** After somebody else was faster. */
  readonly conflict: number;
  readonly tries: number;
  /** Between two tries of what failed. */
  readonly pause: number;
  /** Until the answer to one request is there. */
  readonly answer: number;
  /** So long a server that could not be reached is not asked again. */
  readonly away: number;
}

export const LEASE_TIMES: LeaseTimes = {
  live: 10_000,
  renew: 3000,
  poll: 2000,
  conflict: 1000,
  tries: 10,
  pause: 1000,
  answer: 3000,
  away: 30_000,
};
