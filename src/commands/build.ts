import type { Project } from '../config/project.ts';
import type { ConveyorParts } from '../conveyor/conveyor-parts.ts';
import { planBuild } from '../conveyor/image-plan.ts';
import type { ImageResult } from '../conveyor/image-result.ts';
import { processImages } from '../conveyor/process-images.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';

export interface BuildRequest {
  /** Names of images of the project; the nameless one is ''. */
  readonly images: readonly string[];
  /** At most so many images at once; null: no limit. */
  readonly limit: number | null;
  /** Nothing is built: missing stages are an error. */
  readonly requireBuilt: boolean;
}

/**
 * Builds images and all that they need, or finds them built.
 * @returns one result per image, in the order of the plan
 */
export async function build(
  { images, limit, requireBuilt }: BuildRequest,
  project: Project,
  parts: ConveyorParts,
  signal: AbortSignal,
): Promise<readonly ImageResult[]> {
  const sets = planBuild(project, images);
  const problems = sets.flat().flatMap(({ config }) => config.unsupported.map(notSupported));
  if (problems.length > 0) {
    throw new UserError('NOT_SUPPORTED', 'the configuration asks for what this version cannot build yet', {
      problems: [...new Map(problems.map((problem) => [JSON.stringify(problem.position), problem])).values()],
    });
  }
  return await processImages(parts, sets, { limit, requireBuilt, signal });
}

function notSupported({
  field,
  position,
}: {
  field: string;
  position: Problem['position'] & object;
}): Problem {
  return { code: 'NOT_SUPPORTED', message: `\`${field}\` is not supported yet`, position };
}
