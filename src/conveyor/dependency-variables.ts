import type { ImageDependency } from '../config/image-inputs.ts';
import { dependencyValues } from '../stages/dependency-values.ts';
import type { ConveyorParts } from './conveyor-parts.ts';
import { type ImageResult, lastStage } from './image-result.ts';
import { lastStageOf } from './last-stage.ts';

/** What an image is told of others, by the name of the variable. */
export function dependencyVariables(
  parts: Pick<ConveyorParts, 'primary' | 'project'>,
  dependencies: readonly ImageDependency[],
  needed: ReadonlyMap<string, ImageResult>,
): ReadonlyMap<string, string> {
  const told = dependencies.map((dependency) =>
    dependencyValues(dependency, lastStageOf(parts, lastStage(needed, dependency.image))),
  );
  return new Map(told.flatMap((values) => [...values]));
}
