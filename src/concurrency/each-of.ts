/**
 * Does something for every item, at most `limit` at once. The first failure lets no other begin.
 * @returns results in the order of the items
 */
export async function eachOf<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const queue = items.entries();
  let failed = false;
  const worker = async () => {
    for (const [index, item] of queue) {
      if (failed) return;
      try {
        results[index] = await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const done = await Promise.allSettled(Array.from({ length: limit }, worker));
  for (const one of done) if (one.status === 'rejected') throw one.reason;
  return results;
}
