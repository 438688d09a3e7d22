/** Callers with one key share one run of the work and its result; a failure is not remembered. */
export interface SharedWork<T> {
  get(key: string, work: () => Promise<T>): Promise<T>;
  /** Replaces the remembered result. */
  set(key: string, result: T): void;
}

export function sharedWork<T>(): SharedWork<T> {
  const running = new Map<string, Promise<T>>();
  return {
    get(key, work) {
      const known = running.get(key);
      if (known) return known;
      const started = work();
      running.set(key, started);
      started.catch(() => running.delete(key));
      return started;
    },
    set(key, result) {
      running.set(key, Promise.resolve(result));
    },
  };
}
