import { ESSENTIAL_LABELS, type ImageSpec } from '../config/image-spec.ts';
import type { NamePattern } from '../config/name-pattern.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { variablesOf, withoutVariables, withVariables } from '../oci/environment-list.ts';
import {
  changedSettings,
  commandWords,
  type HistoryEntry,
  type ImageFrame,
  type ImageSettings,
} from '../oci/image-settings.ts';
import { type Canonical, entriesOf, optional } from './canonical.ts';
import { canonicalHealthCheck, healthSettings } from './health-settings.ts';
import { isServiceVariable } from './service-variables.ts';

/** What `%image%` and `%project%` stand for. */
export interface SpecNames {
  /** '' is the nameless image. */
  readonly image: string;
  readonly project: string;
}

/** A configuration as JSON, and what the user should know of it. */
export interface ChangedConfiguration {
  readonly configuration: string;
  readonly warnings: readonly Problem[];
}

/**
 * The configuration of the stage `imageSpec`: removals from what the image has, then what the specification sets.
 * Labels of stages are to be set after it.
 * @param configuration JSON of the previous stage's image
 */
export function applyImageSpec(
  configuration: string,
  spec: ImageSpec,
  names: SpecNames,
): ChangedConfiguration {
  let kept: readonly string[] = [];
  const changed = changedSettings(configuration, (before, frame) => {
    const present = [...before.labels.keys()];
    kept = present.filter((name) => isEssential(name) && hits(spec.removeLabels, name));
    return {
      ...(spec.author === null ? {} : { author: spec.author }),
      ...(spec.clearHistory ? { history: clearedHistory(before.history, frame) } : {}),
      env: environmentOf(before, spec),
      labels: labelsOf(before, spec, names),
      exposedPorts: new Set([...before.exposedPorts, ...spec.expose]),
      volumes: new Set([...without(before.volumes, spec.removeVolumes), ...spec.volumes]),
      ...commandOf(before, spec),
      ...textsOf(spec),
      ...(spec.healthcheck && { healthcheck: healthSettings(spec.healthcheck, before.healthcheck) }),
    };
  });
  const warnings = kept.length === 0 || spec.keepEssentialLabels ? [] : [essentialLabels(kept)];
  return { configuration: changed, warnings };
}

/** For the digest: everything that the specification says, names put in. */
export function canonicalImageSpec(spec: ImageSpec, names: SpecNames): readonly Canonical[] {
  const flag = (value: boolean) => (value ? 1 : 0);
  const written = (patterns: readonly NamePattern[]) => patterns.map((pattern) => pattern.written);
  return [
    optional(spec.author),
    flag(spec.clearHistory),
    optional(spec.cmd),
    optional(spec.entrypoint),
    entriesOf(spec.env),
    spec.expose,
    canonicalHealthCheck(spec.healthcheck),
    entriesOf(ownLabels(spec, names)),
    optional(spec.stopSignal),
    optional(spec.user),
    optional(spec.workingDir),
    spec.volumes,
    written(spec.removeEnv),
    written(spec.removeLabels),
    spec.removeVolumes,
    flag(spec.clearCmd),
    flag(spec.clearEntrypoint),
    flag(spec.clearUser),
    flag(spec.clearWorkingDir),
    flag(spec.keepEssentialLabels),
  ];
}

function environmentOf({ env }: ImageSettings, spec: ImageSpec): readonly string[] {
  const before = variablesOf(env);
  const kept = withoutVariables(
    env,
    (name, value) => isServiceVariable(name, value) || hits(spec.removeEnv, name),
  );
  const added = [...spec.env].map(([name, value]) => [name, expanded(value, before)] as const);
  return withVariables(kept, new Map(added));
}

/** `${NAME}` is the value before; other forms stay as they are written. */
function expanded(value: string, before: ReadonlyMap<string, string>): string {
  return value.replace(/\$\{([A-Za-z_][\w.]*)\}/g, (_, name: string) => before.get(name) ?? '');
}

function labelsOf({ labels }: ImageSettings, spec: ImageSpec, names: SpecNames): ReadonlyMap<string, string> {
  const kept = [...labels].filter(([name]) => isEssential(name) || !hits(spec.removeLabels, name));
  return new Map([...kept, ...[...ownLabels(spec, names)].sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function ownLabels({ labels }: ImageSpec, names: SpecNames): ReadonlyMap<string, string> {
  const named = (value: string) =>
    value.replace(/%(image|project)%/g, (_, which: 'image' | 'project') => names[which]);
  return new Map([...labels].map(([name, value]) => [name, named(value)]));
}

/** A new entry point makes an inherited command meaningless; a new command alone keeps the entry point. */
function commandOf(before: ImageSettings, spec: ImageSpec): Pick<ImageSettings, 'cmd' | 'entrypoint'> {
  const dropsCmd = spec.clearCmd || spec.entrypoint !== null;
  return {
    cmd: commandWords(spec.cmd ?? (dropsCmd ? [] : before.cmd)),
    entrypoint: commandWords(spec.entrypoint ?? (spec.clearEntrypoint ? [] : before.entrypoint)),
  };
}

function textsOf({ user, clearUser, workingDir, clearWorkingDir, stopSignal }: ImageSpec) {
  const text = (set: string | null, clears: boolean) => set ?? (clears ? '' : null);
  const nextUser = text(user, clearUser);
  const nextDirectory = text(workingDir, clearWorkingDir);
  return {
    ...(nextUser === null ? {} : { user: nextUser }),
    ...(nextDirectory === null ? {} : { workingDir: nextDirectory }),
    ...(stopSignal === null ? {} : { stopSignal }),
  };
}

/** One entry for each layer, telling nothing but when: tools refuse a history that does not fit the layers. */
function clearedHistory(
  history: readonly HistoryEntry[],
  { layers, created }: ImageFrame,
): readonly HistoryEntry[] {
  const steps = history.filter(({ empty_layer: isEmpty }) => isEmpty !== true);
  return Array.from({ length: layers }, (_, i) => {
    const known = steps.length === layers ? steps[i]?.created : undefined;
    const when = known ?? (created === '' ? undefined : created);
    return when === undefined ? {} : { created: when };
  });
}

function without(names: ReadonlySet<string>, removed: readonly string[]): readonly string[] {
  return [...names].filter((name) => !removed.includes(name));
}

function hits(patterns: readonly NamePattern[], name: string): boolean {
  return patterns.some((pattern) => pattern.matches(name));
}

function isEssential(label: string): boolean {
  return ESSENTIAL_LABELS.includes(label);
}

function essentialLabels(labels: readonly string[]): Problem {
  return {
    code: 'CONFIG_ESSENTIAL_LABELS',
    message: `\`removeLabels\`: labels that cleanup needs are not removed: ${labels.map((name) => `\`${name}\``).join(', ')}`,
    hint: '`keepEssentialWerfLabels: true` says that this is known',
  };
}
