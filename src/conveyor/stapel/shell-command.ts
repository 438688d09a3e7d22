import { randomBytes } from 'node:crypto';
import type { UserStage } from '../../config/stapel-parts.ts';
import { UserError } from '../../diagnostics/user-error.ts';
import type { StageMount } from '../../engine/stage-maker.ts';
import { readScriptLine, SCRIPT_PATH, stageScript, TOOLCHAIN_DIRECTORY } from '../../stages/shell-script.ts';
import type { StoredStage } from '../../storage/stage-storage.ts';
import type { ConveyorParts } from '../conveyor-parts.ts';
import { buildContainer } from './build-container.ts';
import type { ContainerCommand } from './container-command.ts';
import type { StapelRun } from './stapel-run.ts';

export interface ShellStep {
  readonly commands: readonly string[];
  readonly stage: UserStage;
  /** The stage that they run on. */
  readonly previous: StoredStage;
}

/** The commands of a stage as one script in one container. */
export async function shellCommand(
  parts: ConveyorParts,
  run: StapelRun,
  { commands, stage, previous }: ShellStep,
): Promise<ContainerCommand> {
  const { toolchain, ...container } = await shellContainer(parts, run, previous);
  const token = `werf-${randomBytes(12).toString('hex')}`;
  const script = stageScript(commands, { token, shell: toolchain === null ? 'image' : 'toolchain' });
  let running = -1;
  return {
    command: {
      ...container,
      command: script.command,
      files: [{ target: SCRIPT_PATH, content: script.text, executable: true }],
      shell: null,
    },
    show(line) {
      return readScriptLine(line, token).flatMap((read) => {
        if (read.kind === 'text') return [read.text];
        running = read.index;
        return shown(commands[running] ?? '');
      });
    },
    failure: (error) => failed(error, { stage, token, command: commands[running] ?? null }),
  };
}

/** The container of shell commands: with the toolchain, where that can be had. @param previous the stage that it runs on */
export async function shellContainer(parts: ConveyorParts, run: StapelRun, previous: StoredStage) {
  const toolchain = await parts.toolchain.shell(run);
  const container = await buildContainer(parts, run, previous);
  const mounts = toolchain === null ? container.mounts : [...container.mounts, toolchainMount(toolchain)];
  return { ...container, mounts, toolchain };
}

/** @param image id of the local image */
export function toolchainMount(image: string): StageMount {
  return { target: TOOLCHAIN_DIRECTORY, source: TOOLCHAIN_DIRECTORY, image, readOnly: true };
}

/** As a terminal would show what was typed. */
function shown(command: string): readonly string[] {
  return command
    .trimEnd()
    .split('\n')
    .map((line, i) => (i === 0 ? `$ ${line}` : `  ${line}`));
}

function failed(
  error: unknown,
  {
    stage,
    token,
    command,
  }: { readonly stage: UserStage; readonly token: string; readonly command: string | null },
): unknown {
  if (!(error instanceof UserError) || error.code !== 'BUILD_FAILED') return error;
  const tail = error.tail.flatMap((line) =>
    readScriptLine(line, token).flatMap((read) => (read.kind === 'text' ? [read.text] : [])),
  );
  if (command === null) {
    return new UserError(
      'SHELL_MISSING',
      `stage ${stage}: the shell of the image, /bin/sh, did not start, so no command has run`,
      {
        cause: error,
        tail,
        hint: 'commands need a shell in the image or the toolchain image, which is used unless WERF_STAPEL_IMAGE_NAME is `none`: see docs/stapel/toolchain.md',
      },
    );
  }
  const status = 'status' in error ? ` (exit status ${String(error.status)})` : '';
  return new UserError(error.code, `stage ${stage}: the command failed${status}: ${command.trim()}`, {
    cause: error,
    tail,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}
