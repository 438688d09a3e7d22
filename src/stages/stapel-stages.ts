import { USER_STAGES, type UserStage } from '../config/stapel-parts.ts';

/** Stages of a Stapel image in their order; those that are empty are left out. */
export const STAPEL_STAGES = [
  'from',
  'beforeInstall',
  'dependenciesBeforeInstall',
  'gitArchive',
  'install',
  'dependenciesAfterInstall',
  'beforeSetup',
  'dependenciesBeforeSetup',
  'setup',
  'dependenciesAfterSetup',
  'gitCache',
  'gitLatestPatch',
  'dockerInstructions',
  'imageSpec',
] as const;
export type StapelStage = (typeof STAPEL_STAGES)[number];

export const IMAGE_SPEC_STAGE = 'imageSpec';

export function isUserStage(stage: StapelStage): stage is UserStage {
  return (USER_STAGES as readonly string[]).includes(stage);
}

/** Stages at which imports and dependencies come, by the moment that the configuration names. */
export const DEPENDENCY_STAGES = {
  dependenciesBeforeInstall: { order: 'before', stage: 'install' },
  dependenciesAfterInstall: { order: 'after', stage: 'install' },
  dependenciesBeforeSetup: { order: 'before', stage: 'setup' },
  dependenciesAfterSetup: { order: 'after', stage: 'setup' },
} as const;
export type DependencyStage = keyof typeof DEPENDENCY_STAGES;

export function isDependencyStage(stage: StapelStage): stage is DependencyStage {
  return stage in DEPENDENCY_STAGES;
}

/** Bytes of changes from which on they get a layer of their own, and at each multiple a new one. */
export const GIT_CACHE_STEP = 1024 * 1024;
