import type { Locks } from './locks.ts';

/** Locks whose place is loaded when the first is taken. */
export function locksOnFirstUse(load: () => Promise<Locks>): Locks {
  let loaded: Promise<Locks> | undefined;
  return {
    async hold(name, signal, work) {
      loaded ??= load();
      return await (await loaded).hold(name, signal, work);
    },
  };
}
