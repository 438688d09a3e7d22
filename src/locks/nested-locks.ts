import type { Locks } from './locks.ts';

/** Who wants a lock of `outer` first: the cheap one among the images of a run, so that each process waits but once. */
export function nestedLocks(outer: Locks, inner: Locks): Locks {
  return {
    hold: (name, signal, work) => outer.hold(name, signal, () => inner.hold(name, signal, work)),
  };
}
