import { setTimeout as after } from 'node:timers/promises';

/**
 * Waits for work, but once `signal` is aborted only so long: what does not stop when it is asked to is left behind.
 * @param milliseconds counted from the abort, or from now when that has been
 * @throws the signal's reason when the time is over
 */
export async function withPatience<T>(
  work: Promise<T>,
  signal: AbortSignal,
  milliseconds: number,
): Promise<T> {
  const done = new AbortController();
  try {
    return await Promise.race([work, givingUp(signal, milliseconds, done.signal)]);
  } finally {
    done.abort();
    work.catch(() => undefined);
  }
}

async function givingUp(signal: AbortSignal, milliseconds: number, done: AbortSignal): Promise<never> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true, signal: done });
  });
  // When the work is done first nobody waits for this any more.
  await after(milliseconds, undefined, { signal: done, ref: false }).catch(
    () => new Promise(() => undefined),
  );
  throw signal.reason;
}
