import type { Flag, FlagTable } from './flag.ts';

/** Options that a command has as all do, but for which it has no use: they are taken, and not told of. */
export function hiddenFlags<S extends FlagTable>(flags: S): S {
  const entries = Object.entries(flags).map(([key, flag]): [string, Flag<unknown>] => [
    key,
    { ...flag, hidden: true },
  ]);
  return Object.fromEntries(entries) as unknown as S;
}
