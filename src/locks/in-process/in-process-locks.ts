import { setMaxListeners } from 'node:events';
import { keyedMutex } from '../../concurrency/keyed-mutex.ts';
import type { HeldLock, Locks } from '../locks.ts';

/** Locks among the images of one run. Whoever waits for one stops waiting when its signal is aborted. */
export function inProcessLocks(): Locks {
  const mutex = keyedMutex();
  const held: HeldLock = { lost: new AbortController().signal };
  return {
    async hold<T>(name: string, signal: AbortSignal, work: (held: HeldLock) => Promise<T>): Promise<T> {
      signal.throwIfAborted();
      setMaxListeners(0, signal);
      let leave: () => void = () => undefined;
      const aborted = new Promise<never>((_, reject) => {
        leave = () => reject(signal.reason);
      });
      signal.addEventListener('abort', leave, { once: true });
      const stopListening = () => signal.removeEventListener('abort', leave);
      const working = mutex.run(name, async () => {
        signal.throwIfAborted();
        // From here on the work itself obeys the signal, and its end is waited for.
        stopListening();
        return await work(held);
      });
      try {
        return await Promise.race([working, aborted]);
      } finally {
        stopListening();
        working.catch(() => undefined);
      }
    },
  };
}
