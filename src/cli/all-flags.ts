import { buildFlags } from './build-flags.ts';
import type { Flag } from './flag.ts';
import { hostFlags } from './host-flags.ts';
import { kubernetesFlags } from './kubernetes-flags.ts';
import { logFlags } from './log-flags.ts';
import { projectFlags } from './project-flags.ts';
import { repositoryFlags } from './repository-flags.ts';
import { volumeFlags } from './volume-flags.ts';

/** Options that several commands have: those that may stand in front of the command's name. */
export function allFlags(): readonly Flag<unknown>[] {
  const groups = [
    projectFlags,
    hostFlags,
    repositoryFlags,
    buildFlags,
    volumeFlags,
    kubernetesFlags,
    logFlags,
  ];
  return groups.flatMap((group): readonly Flag<unknown>[] => Object.values(group));
}
