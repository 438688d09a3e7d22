import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../diagnostics/user-error.ts';
import type { StageId } from '../stages/stage-id.ts';
import type { ConveyorParts } from './conveyor-parts.ts';
import type { StageResult } from './image-result.ts';

/** A stage that the primary storage lists and that cannot be used: it is rejected, and its image begins again. */
export class BrokenStage extends Error {
  override readonly name = 'BrokenStage';
  readonly id: StageId;
  /** As people know it. */
  readonly stageName: string;

  constructor(id: StageId, stageName: string, cause: UserError) {
    super(cause.message, { cause });
    this.id = id;
    this.stageName = stageName;
  }
}

/** What a registry says of images whose parts it lost. */
const LOST: ReadonlySet<string> = new Set(['REGISTRY_NOT_FOUND', 'REGISTRY_CORRUPT']);

export function isLost(error: unknown): error is UserError {
  return error instanceof UserError && LOST.has(error.code);
}

const ATTEMPTS = 4;
const FIRST_PAUSE = 2000;
const LONGEST_PAUSE = 10_000;

/**
 * Takes an image through its stages, again where one that was found turns out to be gone or broken.
 * @throws what the last attempt threw
 */
export async function withoutBroken(
  parts: ConveyorParts,
  image: string,
  signal: AbortSignal,
  work: () => Promise<readonly StageResult[]>,
): Promise<readonly StageResult[]> {
  let pause = FIRST_PAUSE;
  for (let attempt = 1; ; attempt++) {
    try {
      const stages = await work();
      const last = stages.at(-1);
      if (!last || last.source === null || (await parts.primary.confirm(last.stage.id, signal)))
        return stages;
      if (attempt === ATTEMPTS) return stages;
    } catch (error) {
      if (!(error instanceof BrokenStage)) throw error;
      if (attempt === ATTEMPTS) throw error.cause;
      await parts.primary.reject(error.id, signal);
      const message = `the stage ${error.stageName} cannot be used, and is made again: ${error.message}`;
      parts.progress.emit({ kind: 'warning', problem: { code: 'STAGE_BROKEN', message }, image });
      await sleep(pause, undefined, { signal });
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
  }
}
