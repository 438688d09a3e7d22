import { imageNeeds } from '../config/image-needs.ts';
import type { ImageConfig, Project } from '../config/project.ts';

/** One image to be processed: one name of a document. */
export interface PlannedBuild {
  readonly name: string;
  readonly config: ImageConfig;
  /** Names of images that must be done first. */
  readonly needs: readonly string[];
}

/**
 * The requested images and all that they need, grouped: those of one set need only images of earlier sets.
 * @param requested names; the nameless image is ''
 */
export function planBuild(
  project: Project,
  requested: readonly string[],
): readonly (readonly PlannedBuild[])[] {
  const all = project.images.flatMap((config) =>
    config.names.map((name): PlannedBuild => ({ name, config, needs: needsOf(config) })),
  );
  const byName = new Map(all.map((planned) => [planned.name, planned]));
  const level = new Map<string, number>();
  const visit = (name: string): number => {
    const known = level.get(name);
    if (known !== undefined) return known;
    const needs = byName.get(name)?.needs ?? [];
    const own = Math.max(0, ...needs.map((need) => visit(need) + 1));
    level.set(name, own);
    return own;
  };
  for (const name of requested) visit(name);
  const chosen = all.filter(({ name }) => level.has(name));
  const depth = Math.max(-1, ...level.values()) + 1;
  return Array.from({ length: depth }, (_, set) => chosen.filter(({ name }) => level.get(name) === set));
}

function needsOf(config: ImageConfig): readonly string[] {
  return [...new Set(imageNeeds(config).map(({ name }) => name))];
}
