import { createHash } from 'node:crypto';

/** Raised when any rule that decides a digest changes: all stages are then built anew. */
export const DIGEST_FORMAT = '1';

/** What a digest is made of. Maps are ordered by key; an absent value is an empty string. */
export type Canonical = string | number | null | readonly Canonical[] | ReadonlyMap<string, Canonical>;

/** H: 56 lower-case hex digits of SHA3-224. @see docs/reference/digests.md */
export function stageHash(items: readonly Canonical[]): string {
  return createHash('sha3-224').update(encode(items)).digest('hex');
}

/** S: 64 lower-case hex digits of SHA-256. @see docs/reference/digests.md */
export function inputHash(items: readonly Canonical[]): string {
  return createHash('sha256').update(encode(items)).digest('hex');
}

/** Each string as `<bytes>:<text>,`, so that no two lists of inputs read alike. */
function encode(items: readonly Canonical[]): string {
  return items.flatMap(flatten).map(netstring).join('');
}

function flatten(item: Canonical): string[] {
  if (item === null) return [''];
  if (typeof item === 'string') return [item];
  if (typeof item === 'number') return [String(item)];
  if (isList(item)) return [String(item.length), ...item.flatMap(flatten)];
  const entries = [...item].sort(([a], [b]) => compareText(a, b));
  return entries.flatMap(([key, value]) => [key, ...flatten(value)]);
}

function isList(item: readonly Canonical[] | ReadonlyMap<string, Canonical>): item is readonly Canonical[] {
  return Array.isArray(item);
}

function netstring(text: string): string {
  return `${Buffer.byteLength(text)}:${text},`;
}

/** A value that may be missing: an empty list, or a list of the one. An empty text is not missing. */
export function optional(value: Canonical): Canonical {
  return value === null ? [] : [value];
}

/** A map that others follow: the list of its entries, so that it is clear where it ends. */
export function entriesOf(map: ReadonlyMap<string, string>): Canonical {
  return [...map].sort(([a], [b]) => compareText(a, b));
}

/** Order by code unit: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
