/** Mutual exclusion by name. Locks save work; nothing may be wrong without them. */
export interface Locks {
  /**
   * Waits for the lock, works, and gives it back, also when the work fails. The work obeys `signal` itself, and its end
   * is waited for. Not to be taken again by who holds it.
   * @param signal whoever still waits stops waiting when it is aborted
   * @throws UserError LOCKS_DENIED when the place of the locks refuses this user; one that cannot be reached is a
   *   warning, and the work goes on without the lock
   */
  hold<T>(name: string, signal: AbortSignal, work: (held: HeldLock) => Promise<T>): Promise<T>;
}

export interface HeldLock {
  /** Aborted as soon as others may hold it too; from the start where the place of the locks cannot be reached. */
  readonly lost: AbortSignal;
}

/** What locks tell, once each. */
export type WarnOfLocks = (problem: {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}) => void;
