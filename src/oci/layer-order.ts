/**
 * Sorts as layers are sorted: by the bytes of the paths, `/` before every other character, so that what a directory
 * holds comes right behind it.
 */
export function inLayerOrder<T extends { readonly path: string }>(files: readonly T[]): readonly T[] {
  const keyed = files.map((file) => ({ file, key: orderKey(file.path) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ file }) => file);
}

/** One character per byte; no path holds a zero byte. */
function orderKey(path: string): string {
  return Buffer.from(path.replaceAll('/', '\0'), 'utf8').toString('latin1');
}
