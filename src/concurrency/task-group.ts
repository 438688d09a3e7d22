/** Work that waits for its needs. */
export interface GroupTask<T> {
  readonly name: string;
  readonly needs: readonly string[];
  run(signal: AbortSignal, needed: ReadonlyMap<string, T>): Promise<T>;
}

export interface GroupOptions {
  /** At most so many at once; null: no limit. */
  readonly limit: number | null;
  readonly signal: AbortSignal;
}

/**
 * Runs every task as soon as its needs are done, in the given order where there is a choice.
 * The first failure aborts the others' signal; all have ended before it is thrown.
 * @returns results by name
 * @throws the first failure, or the signal's reason; a cycle or an unknown need is a programming error
 */
export async function runTaskGroup<T>(
  tasks: readonly GroupTask<T>[],
  { limit, signal }: GroupOptions,
): Promise<ReadonlyMap<string, T>> {
  const results = new Map<string, T>();
  const waiting = [...tasks];
  const running = new Map<string, Promise<void>>();
  const stop = new AbortController();
  const joined = AbortSignal.any([signal, stop.signal]);
  const failures: unknown[] = [];

  const start = (task: GroupTask<T>) => {
    const ended = (async () => {
      try {
        results.set(task.name, await task.run(joined, results));
      } catch (error) {
        failures.push(error);
        stop.abort(error);
      } finally {
        running.delete(task.name);
      }
    })();
    running.set(task.name, ended);
  };
  const takeReady = (): GroupTask<T> | undefined => {
    if (joined.aborted || running.size >= (limit ?? Number.POSITIVE_INFINITY)) return undefined;
    const index = waiting.findIndex((task) => task.needs.every((need) => results.has(need)));
    return index < 0 ? undefined : waiting.splice(index, 1)[0];
  };

  for (;;) {
    for (let task = takeReady(); task; task = takeReady()) start(task);
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  if (failures.length > 0) throw failures[0];
  signal.throwIfAborted();
  if (waiting.length > 0)
    throw new Error(`tasks that can never start: ${waiting.map((t) => t.name).join(', ')}`);
  return results;
}
