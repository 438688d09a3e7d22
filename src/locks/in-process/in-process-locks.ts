import { keyedMutex } from '../../concurrency/keyed-mutex.ts';
import type { Locks } from '../locks.ts';

/** Locks among the images of one run. */
export function inProcessLocks(): Locks {
  const mutex = keyedMutex();
  return {
    hold(name, signal, work) {
      return mutex.run(name, async () => {
        signal.throwIfAborted();
        return await work();
      });
    },
  };
}
