/** Work that waits for other work. */
interface Waiting {
  readonly name: string;
  readonly needs: readonly string[];
}

/** What an image is taken for that was never built: longer than one that is known to be found at once. */
const UNKNOWN = 1000;

/**
 * Orders images by how much work waits for them: those first whose own time and that of the longest chain of images
 * which need them is longest. Equal ones stay in the order of the file.
 * @param times milliseconds by name, of earlier builds
 */
export function longestFirst<T extends Waiting>(
  planned: readonly T[],
  times: ReadonlyMap<string, number>,
): readonly T[] {
  const needing = new Map<string, T[]>();
  for (const build of planned) {
    for (const need of build.needs) needing.set(need, [...(needing.get(need) ?? []), build]);
  }
  const chains = new Map<string, number>();
  const chainOf = ({ name }: T): number => {
    const known = chains.get(name);
    if (known !== undefined) return known;
    const after = (needing.get(name) ?? []).map(chainOf);
    const length = (times.get(name) ?? UNKNOWN) + Math.max(0, ...after);
    chains.set(name, length);
    return length;
  };
  return [...planned].sort((a, b) => chainOf(b) - chainOf(a));
}
