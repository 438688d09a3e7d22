import { randomBytes } from 'node:crypto';
import type { AnsibleTask, UserStage } from '../../config/stapel-parts.ts';
import { UserError } from '../../diagnostics/user-error.ts';
import { NO_ANSIBLE } from '../../stages/ansible-files.ts';
import { type AnsibleFailure, ansibleOutput } from '../../stages/ansible-output.ts';
import { ansiblePlay } from '../../stages/ansible-play.ts';
import type { StoredStage } from '../../storage/stage-storage.ts';
import type { ConveyorParts } from '../conveyor-parts.ts';
import { taskOf } from '../image-run.ts';
import { buildContainer } from './build-container.ts';
import type { ContainerCommand } from './container-command.ts';
import { toolchainMount } from './shell-command.ts';
import type { StapelRun } from './stapel-run.ts';

export interface AnsibleStage {
  readonly tasks: readonly AnsibleTask[];
  readonly stage: UserStage;
  /** The stage that they run on. */
  readonly previous: StoredStage;
}

/** The tasks of a stage as one play in one container; each task is a block of the log. */
export async function ansibleCommand(
  parts: ConveyorParts,
  run: StapelRun,
  { tasks, stage, previous }: AnsibleStage,
): Promise<ContainerCommand> {
  const toolchain = await parts.toolchain.ansible(run);
  const token = `werf-${randomBytes(12).toString('hex')}`;
  const play = ansiblePlay(tasks, { title: `${run.title}/${stage}`, token, ...parts.ansible });
  const container = await buildContainer(parts, run, previous);
  const output = ansibleOutput(token, play.tasks);
  const blocks = taskBlocks(parts, run, stage);
  const scratch = { target: play.scratch, source: '', image: '', readOnly: false };
  return {
    command: {
      ...container,
      env: new Map([...container.env, ...play.env]),
      mounts: [...container.mounts, toolchainMount(toolchain), scratch],
      command: play.command,
      files: play.files,
      shell: null,
    },
    show(line) {
      return output.read(line).flatMap((event) => {
        if (event.kind === 'line') return blocks.line(event.text) ? [] : [event.text];
        if (event.kind === 'begin') blocks.begin(event.title);
        else blocks.end(event.failed);
        return [];
      });
    },
    failure(error) {
      blocks.end(true);
      return failed(error, stage, output.failure());
    },
  };
}

interface TaskBlocks {
  begin(title: string): void;
  /** @returns false when no task runs */
  line(text: string): boolean;
  end(failed: boolean): void;
}

/** Blocks of the log that begin and end at once, as lines of output say, and may have the same title. */
function taskBlocks(parts: ConveyorParts, run: StapelRun, stage: UserStage): TaskBlocks {
  const { progress, now, image, parent } = taskOf(parts, run);
  let count = 0;
  let open: { readonly task: string; readonly began: number } | null = null;
  return {
    begin(title) {
      count++;
      open = { task: `${parent}/${stage}/${count}`, began: now() };
      progress.emit({ kind: 'task-start', task: open.task, parent, image, title });
    },
    line(text) {
      if (open) progress.emit({ kind: 'task-line', task: open.task, image, line: text });
      return open !== null;
    },
    end(isFailed) {
      if (open) {
        const duration = now() - open.began;
        progress.emit({ kind: 'task-end', task: open.task, image, failed: isFailed, duration });
      }
      open = null;
    },
  };
}

function failed(error: unknown, stage: UserStage, failure: AnsibleFailure | null): unknown {
  if (!(error instanceof UserError) || error.code !== 'BUILD_FAILED') return error;
  if ('status' in error && error.status === NO_ANSIBLE) return withoutAnsible(error);
  if (failure === null) return error;
  const { task, message, tail } = failure;
  const title = task === null ? 'Ansible failed' : `the task "${task.title}" failed`;
  const problem = { code: 'ANSIBLE_TASK_FAILED', message, ...(task && { position: task.position }) };
  return new UserError(error.code, `stage ${stage}: ${title}`, {
    cause: error,
    tail,
    problems: [problem],
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}

function withoutAnsible(cause: UserError): UserError {
  const message =
    'the toolchain image that WERF_STAPEL_IMAGE_NAME and WERF_STAPEL_IMAGE_VERSION name holds no Ansible';
  const hint = 'name the variant that does: its version ends in `-ansible`, see docs/stapel/toolchain.md';
  return new UserError('TOOLCHAIN_WITHOUT_ANSIBLE', message, { cause, hint });
}
