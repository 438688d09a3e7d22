import type { AnsibleSection, ShellSection } from '../schema/instructions-section.ts';
import { USER_STAGES, type UserInstructions, type UserStage } from '../stapel-parts.ts';
import type { ImageReading } from './image-reading.ts';
import { readAnsibleTasks } from './read-ansible-tasks.ts';

export function readShell(fields: ShellSection): UserInstructions {
  return { kind: 'shell', commands: perStage((stage) => fields[stage] ?? []), ...cachesOf(fields) };
}

export function readAnsible(reading: ImageReading, fields: AnsibleSection): UserInstructions {
  const tasks = perStage((stage) => readAnsibleTasks(reading, ['ansible', stage], fields[stage] ?? []));
  return { kind: 'ansible', tasks, ...cachesOf(fields) };
}

/** Does the user stage have something to run, or a cache version of its own or of all? */
export function hasUserStage(instructions: UserInstructions | null, stage: UserStage): boolean {
  if (!instructions) return false;
  const { cacheVersion, stageCacheVersions } = instructions;
  const steps = instructions.kind === 'shell' ? instructions.commands[stage] : instructions.tasks[stage];
  return steps.length > 0 || cacheVersion !== '' || stageCacheVersions[stage] !== '';
}

function cachesOf(fields: Omit<ShellSection, UserStage>) {
  return {
    cacheVersion: fields.cacheVersion ?? '',
    stageCacheVersions: perStage((stage) => fields[`${stage}CacheVersion`] ?? ''),
  };
}

function perStage<T>(of: (stage: UserStage) => T): Readonly<Record<UserStage, T>> {
  const [beforeInstall, install, beforeSetup, setup] = USER_STAGES;
  return {
    beforeInstall: of(beforeInstall),
    install: of(install),
    beforeSetup: of(beforeSetup),
    setup: of(setup),
  };
}
