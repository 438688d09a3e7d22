import { ESSENTIAL_LABELS, type HealthCheck, type ImageSpec, type ProjectImageSpec } from '../image-spec.ts';
import type { NamePattern } from '../name-pattern.ts';
import type { HealthCheckSection, ImageSpecSection } from '../schema/image-spec-section.ts';
import { quoted } from '../schema/section.ts';
import type { Path } from '../yaml/config-document.ts';
import { addWarning, type ImageReading, warnOld } from './image-reading.ts';

/** The image's own changes joined with those of the project, where the image's win. @returns null: none */
export function readImageSpec(
  reading: ImageReading,
  own: ImageSpecSection | undefined,
  project: ProjectImageSpec | null,
): ImageSpec | null {
  if (own === undefined && project === null) return null;
  const config = own?.config;
  const keep = config?.keepEssentialWerfLabels ?? project?.keepEssentialLabels ?? false;
  if (config?.clearWerfLabels !== undefined) {
    warnOld(reading, ['imageSpec', 'config', 'clearWerfLabels'], '`keepEssentialWerfLabels`');
  }
  const patterns = config?.removeLabels ?? [];
  warnOfEssentialLabels(reading, ['imageSpec', 'config', 'removeLabels'], { patterns, keep });
  return {
    author: own?.author ?? project?.author ?? null,
    clearHistory: own?.clearHistory ?? project?.clearHistory ?? false,
    labels: new Map([...(project?.labels ?? []), ...Object.entries(config?.labels ?? {})]),
    removeLabels: [...(project?.removeLabels ?? []), ...patterns],
    keepEssentialLabels: keep,
    ...readChanges(config),
  };
}

type Changes = NonNullable<ImageSpecSection['config']>;

function readChanges(config: Changes = {}) {
  return {
    cmd: config.cmd ?? null,
    entrypoint: config.entrypoint ?? null,
    env: new Map(Object.entries(config.env ?? {})),
    expose: config.expose ?? [],
    healthcheck: config.healthcheck ? readHealthCheck(config.healthcheck) : null,
    stopSignal: config.stopSignal ?? null,
    user: config.user ?? null,
    workingDir: config.workingDir ?? null,
    volumes: config.volumes ?? [],
    removeEnv: config.removeEnv ?? [],
    removeVolumes: config.removeVolumes ?? [],
    clearCmd: config.clearCmd ?? false,
    clearEntrypoint: config.clearEntrypoint ?? false,
    clearUser: config.clearUser ?? false,
    clearWorkingDir: config.clearWorkingDir ?? false,
  };
}

function readHealthCheck(check: HealthCheckSection): HealthCheck {
  return {
    test: check.test ?? [],
    interval: check.interval ?? null,
    timeout: check.timeout ?? null,
    startPeriod: check.startPeriod ?? null,
    retries: check.retries ?? null,
  };
}

/** Labels which cleanup needs stay, whatever a pattern says. */
export function warnOfEssentialLabels(
  reading: Pick<ImageReading, 'document' | 'findings'>,
  path: Path,
  { patterns, keep }: { readonly patterns: readonly NamePattern[]; readonly keep: boolean },
): void {
  if (keep) return;
  const hit = ESSENTIAL_LABELS.filter((label) => patterns.some((pattern) => pattern.matches(label)));
  if (hit.length === 0) return;
  addWarning(
    reading,
    path,
    'CONFIG_ESSENTIAL_LABELS',
    `labels that cleanup needs are not removed: ${quoted(hit)}`,
    {
      hint: '`keepEssentialWerfLabels: true` says that this is known',
    },
  );
}
