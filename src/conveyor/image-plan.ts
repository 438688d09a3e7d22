import { imageNeeds } from '../config/image-needs.ts';
import type { ImageConfig, Project } from '../config/project.ts';
import type { Platform } from '../oci/platform.ts';

/** One image to be processed for one platform: one name of a document. */
export interface PlannedBuild {
  readonly name: string;
  readonly config: ImageConfig;
  readonly platform: Platform;
  /** Names of images that must be done first, for the same platform. */
  readonly needs: readonly string[];
}

export interface PlanPlatforms {
  /** All platforms of an image; at least one. */
  readonly of: (image: ImageConfig) => readonly Platform[];
  /** Those for which one that is asked for is built. @throws UserError when none of them will do */
  readonly chosen: (image: ImageConfig, name: string) => readonly Platform[];
}

/** Tells an image for a platform from all others of a run. */
export function buildKey({ name, platform }: Pick<PlannedBuild, 'name' | 'platform'>): string {
  return `${name} ${platform}`;
}

/**
 * The requested images and all that they need, grouped: those of one set need only images of earlier sets.
 * @param requested names; the nameless image is ''
 */
export function planBuild(
  project: Project,
  requested: readonly string[],
  platforms: PlanPlatforms,
): readonly (readonly PlannedBuild[])[] {
  const all = project.images.flatMap((config) => {
    const own = platforms.of(config);
    return config.names.flatMap((name) =>
      own.map((platform): PlannedBuild => ({ name, config, platform, needs: needsOf(config) })),
    );
  });
  const byKey = new Map(all.map((planned) => [buildKey(planned), planned]));
  const level = new Map<PlannedBuild, number>();
  const visit = (name: string, platform: Platform): number => {
    const planned = byKey.get(buildKey({ name, platform }));
    if (!planned) throw new Error(`image ${name} is not in the plan for ${platform}`);
    const known = level.get(planned);
    if (known !== undefined) return known;
    const own = Math.max(0, ...planned.needs.map((need) => visit(need, platform) + 1));
    level.set(planned, own);
    return own;
  };
  for (const name of requested) {
    const config = project.images.find(({ names }) => names.includes(name));
    for (const platform of config ? platforms.chosen(config, name) : []) visit(name, platform);
  }
  const chosen = all.filter((planned) => level.has(planned));
  const depth = Math.max(-1, ...level.values()) + 1;
  return Array.from({ length: depth }, (_, set) => chosen.filter((planned) => level.get(planned) === set));
}

function needsOf(config: ImageConfig): readonly string[] {
  return [...new Set(imageNeeds(config).map(({ name }) => name))];
}
