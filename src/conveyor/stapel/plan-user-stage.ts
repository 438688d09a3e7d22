import { USER_STAGES, type UserInstructions, type UserStage } from '../../config/stapel-parts.ts';
import { ansibleInputs } from '../../stages/ansible-play.ts';
import type { Canonical } from '../../stages/canonical.ts';
import { shellInputs } from '../../stages/stapel-inputs.ts';
import type { StoredStage } from '../../storage/stage-storage.ts';
import type { ConveyorParts } from '../conveyor-parts.ts';
import { ansibleCommand } from './ansible-command.ts';
import { shellCommand } from './shell-command.ts';
import { type LayerWork, NO_WORK, type StagePlan, type StapelRun } from './stapel-run.ts';

/** A stage of the user's commands; null where there is neither a command nor a cache version. */
export async function planUserStage(
  parts: ConveyorParts,
  run: StapelRun,
  stage: UserStage,
  previous: StoredStage,
): Promise<StagePlan | null> {
  const { instructions } = run.image;
  if (instructions === null || !exists(instructions, stage)) return null;
  const withGit = stage !== 'beforeInstall' && run.mappings.length > 0;
  const checksums = stage === 'beforeInstall' ? [] : await dependencyChecksums(parts, run, stage);
  return {
    dependencies: inputsOf(instructions, stage, checksums),
    git: withGit,
    runs: true,
    work: {
      kind: 'layer',
      async prepare(running): Promise<LayerWork> {
        const command = await commandOf(parts, running, { instructions, stage, previous });
        return { ...NO_WORK, files: withGit ? 'patch' : 'none', command };
      },
    },
  };
}

function exists(instructions: UserInstructions, stage: UserStage): boolean {
  const { cacheVersion, stageCacheVersions } = instructions;
  return stepsOf(instructions, stage).length > 0 || cacheVersion !== '' || stageCacheVersions[stage] !== '';
}

/** Does any stage of an image run commands? */
export function runsCommands(instructions: UserInstructions | null): boolean {
  return instructions !== null && USER_STAGES.some((stage) => stepsOf(instructions, stage).length > 0);
}

function stepsOf(instructions: UserInstructions, stage: UserStage): readonly unknown[] {
  return instructions.kind === 'shell' ? instructions.commands[stage] : instructions.tasks[stage];
}

function inputsOf(
  instructions: UserInstructions,
  stage: UserStage,
  checksums: readonly string[],
): readonly Canonical[] {
  if (instructions.kind === 'shell') return shellInputs(instructions, stage, checksums);
  return ansibleInputs(instructions, stage, checksums);
}

/** What the files that `stageDependencies` names are now, for each mapping and mask in file order. */
async function dependencyChecksums(
  parts: ConveyorParts,
  { mappings, title }: StapelRun,
  stage: Exclude<UserStage, 'beforeInstall'>,
): Promise<readonly string[]> {
  const checksums: string[] = [];
  for (const { mapping, checksum } of mappings) {
    for (const mask of mapping.stageDependencies[stage]) {
      const found = await checksum(mask);
      checksums.push(found ?? 'none');
      if (found !== null) continue;
      const message = `\`stageDependencies.${stage}\`: "${mask}" matches no file of the commit below ${mapping.add}`;
      const problem = { code: 'STAGE_DEPENDENCY_EMPTY', message, position: mapping.position };
      parts.progress.emit({ kind: 'warning', problem, image: title });
    }
  }
  return checksums;
}

interface UserStageStep {
  readonly instructions: UserInstructions;
  readonly stage: UserStage;
  readonly previous: StoredStage;
}

async function commandOf(parts: ConveyorParts, run: StapelRun, step: UserStageStep) {
  const { instructions, stage, previous } = step;
  if (stepsOf(instructions, stage).length === 0) return null;
  await parts.emulation.require(run.platform);
  if (instructions.kind === 'shell') {
    const commands = instructions.commands[stage];
    return await shellCommand(parts, run, { commands, stage, previous });
  }
  const tasks = instructions.tasks[stage];
  return await ansibleCommand(parts, run, { tasks, stage, previous });
}
