import { STAPEL_STAGES, type StapelStage } from './stapel-stages.ts';

/** Names that stages had in an old manual. */
const ALIASES: Readonly<Record<string, StapelStage>> = {
  importsBeforeInstall: 'dependenciesBeforeInstall',
  importsAfterInstall: 'dependenciesAfterInstall',
  importsBeforeSetup: 'dependenciesBeforeSetup',
  importsAfterSetup: 'dependenciesAfterSetup',
};

/** The stage that people mean; null: there is none of that name. */
export function namedStage(name: string): StapelStage | null {
  return (
    STAPEL_STAGES.find((stage) => stage === name) ??
    (Object.hasOwn(ALIASES, name) ? (ALIASES[name] ?? null) : null)
  );
}
