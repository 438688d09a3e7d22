import type { StageCommand } from '../../engine/stage-maker.ts';

/** A command in a build container, and how its output is read. */
export interface ContainerCommand {
  readonly command: StageCommand;
  /** What of a line of output is shown, line by line. */
  show(line: string): readonly string[];
  /** What people are told when it failed. @param error as the engine told it */
  failure(error: unknown): unknown;
}
