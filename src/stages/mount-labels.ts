import type { Mount } from '../config/stapel-parts.ts';

/** Where a mount's content comes from. */
export type MountSource = Mount['source'];

export interface RecordedMount {
  /** Absolute path in build containers. */
  readonly to: string;
  readonly source: MountSource;
}

const TMP = 'werf-mount-type-tmp-dir';
const BUILD = 'werf-mount-type-build-dir';
const CUSTOM = 'werf-mount-type-custom-dir-';

/** Records mounts for the stages and images that come after, together with those that the base has recorded. */
export function mountLabels(
  base: ReadonlyMap<string, string>,
  mounts: readonly RecordedMount[],
): ReadonlyMap<string, string> {
  const own = new Set(mounts.map(({ to }) => to));
  const inherited = recordedMounts(base).filter(({ to }) => !own.has(to));
  const labels = new Map<string, string[]>();
  for (const { to, source } of [...inherited, ...mounts]) {
    const name = labelOf(source);
    labels.set(name, [...(labels.get(name) ?? []), to]);
  }
  return new Map([...labels].map(([name, points]) => [name, points.sort().join(';')]));
}

/** The mounts that a stage's labels record, in order of their mount points. */
export function recordedMounts(labels: ReadonlyMap<string, string>): readonly RecordedMount[] {
  const mounts = [...labels].flatMap(([name, points]) => {
    const source = sourceOf(name);
    const named = points.split(';').filter((point) => point !== '');
    return source === null ? [] : named.map((to): RecordedMount => ({ to, source }));
  });
  return mounts.sort((a, b) => (a.to < b.to ? -1 : 1));
}

function labelOf(source: MountSource): string {
  switch (source.kind) {
    case 'tmp_dir':
      return TMP;
    case 'build_dir':
      return BUILD;
    case 'path':
      return `${CUSTOM}${source.path.replaceAll('/', '--')}`;
  }
}

function sourceOf(name: string): MountSource | null {
  if (name === TMP) return { kind: 'tmp_dir' };
  if (name === BUILD) return { kind: 'build_dir' };
  if (!name.startsWith(CUSTOM)) return null;
  return { kind: 'path', path: name.slice(CUSTOM.length).replaceAll('--', '/') };
}
