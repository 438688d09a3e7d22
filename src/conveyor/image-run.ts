import type { ImageConfig } from '../config/project.ts';
import type { Platform } from '../oci/platform.ts';
import type { RunningTask } from '../progress/task.ts';
import type { ConveyorParts } from './conveyor-parts.ts';

/** One image on its way through the conveyor. */
export interface ImageRun<I extends ImageConfig = ImageConfig> {
  /** As in logs: `~` for the nameless image; with the platform where the run builds several. */
  readonly title: string;
  /** '' is the nameless image. */
  readonly name: string;
  readonly image: I;
  readonly platform: Platform;
  /** Given where the run builds several. */
  readonly shownPlatform: string | null;
  /** The task whose parts the stages are. */
  readonly task: RunningTask;
  /** Nothing is built: a stage that is missing is an error. */
  readonly requireBuilt: boolean;
  readonly signal: AbortSignal;
}

/** What every task of the image begins with. */
export function taskOf({ progress, now }: ConveyorParts, { title, task }: Pick<ImageRun, 'title' | 'task'>) {
  return { progress, now, image: title, parent: task.id };
}
