import type { NamePattern } from './name-pattern.ts';

/** A change of an image's configuration over the same layers. What is null or empty stays as it is. */
export interface ImageSpec {
  readonly author: string | null;
  readonly clearHistory: boolean;
  readonly cmd: readonly string[] | null;
  readonly entrypoint: readonly string[] | null;
  /** `${NAME}` in values stands for the value before this change. */
  readonly env: ReadonlyMap<string, string>;
  /** `port[/protocol]` as written. */
  readonly expose: readonly string[];
  readonly healthcheck: HealthCheck | null;
  /** `%image%` and `%project%` in values stand for names. */
  readonly labels: ReadonlyMap<string, string>;
  readonly stopSignal: string | null;
  readonly user: string | null;
  readonly workingDir: string | null;
  readonly volumes: readonly string[];
  readonly removeEnv: readonly NamePattern[];
  readonly removeLabels: readonly NamePattern[];
  readonly removeVolumes: readonly string[];
  readonly clearCmd: boolean;
  readonly clearEntrypoint: boolean;
  readonly clearUser: boolean;
  readonly clearWorkingDir: boolean;
  /** The user knows that labels which cleanup needs are never removed. */
  readonly keepEssentialLabels: boolean;
}

/** How a container is found healthy; what is null is the runtime's default. */
export interface HealthCheck {
  /** `['NONE']` switches an inherited check off; empty inherits the command. */
  readonly test: readonly string[];
  /** Milliseconds. */
  readonly interval: number | null;
  readonly timeout: number | null;
  readonly startPeriod: number | null;
  readonly retries: number | null;
}

/** Fields that the project sets for all its final images. */
export interface ProjectImageSpec {
  readonly author: string | null;
  /** null: not given. */
  readonly clearHistory: boolean | null;
  readonly labels: ReadonlyMap<string, string>;
  readonly removeLabels: readonly NamePattern[];
  readonly keepEssentialLabels: boolean | null;
}

/** Labels by which cleanup knows images: no pattern removes them. */
export const ESSENTIAL_LABELS: readonly string[] = [
  'werf',
  'werf-stage-content-digest',
  'werf.io/parent-stage-id',
  'werf-project-repo-commit',
];
