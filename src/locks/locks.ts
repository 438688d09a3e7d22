/** Mutual exclusion by name. Locks save work; nothing may be wrong without them. */
export interface Locks {
  hold<T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}
