import type { Position } from '../diagnostics/problem.ts';
import type { RemoteTarget } from '../git/remote-repositories.ts';
import type { BuildMoment } from './image-inputs.ts';
import type { HealthCheck } from './image-spec.ts';

/** What a Stapel image starts from. */
export type StapelBase =
  | { readonly kind: 'scratch' }
  /** Name of an image of the file. */
  | { readonly kind: 'image'; readonly image: string }
  /** As written; no tag means `latest`. */
  | { readonly kind: 'reference'; readonly reference: string };

export const USER_STAGES = ['beforeInstall', 'install', 'beforeSetup', 'setup'] as const;
export type UserStage = (typeof USER_STAGES)[number];

export type UserInstructions = ShellInstructions | AnsibleInstructions;

interface InstructionCaches {
  /** Enters the digest of every user stage, which all exist then; '' when not given. */
  readonly cacheVersion: string;
  readonly stageCacheVersions: Readonly<Record<UserStage, string>>;
}

export interface ShellInstructions extends InstructionCaches {
  readonly kind: 'shell';
  readonly commands: Readonly<Record<UserStage, readonly string[]>>;
}

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonMapping;
export type JsonMapping = { readonly [key: string]: JsonValue };

/** One entry of a list of tasks, as it is written. */
export type AnsibleTask = AnsibleStep | AnsibleBlock;

/** A task that runs a module. */
export interface AnsibleStep {
  readonly kind: 'step';
  /** Name of its module, which is a key of `fields`. */
  readonly module: string;
  readonly fields: JsonMapping;
  readonly position: Position;
}

/** Tasks that belong together. */
export interface AnsibleBlock {
  readonly kind: 'block';
  /** Without the lists of tasks. */
  readonly fields: JsonMapping;
  /** Those of `block`, `rescue` and `always` that are given. */
  readonly lists: Readonly<Partial<Record<AnsibleList, readonly AnsibleTask[]>>>;
  readonly position: Position;
}

export const ANSIBLE_LISTS = ['block', 'rescue', 'always'] as const;
export type AnsibleList = (typeof ANSIBLE_LISTS)[number];

export interface AnsibleInstructions extends InstructionCaches {
  readonly kind: 'ansible';
  readonly tasks: Readonly<Record<UserStage, readonly AnsibleTask[]>>;
}

/** Which files go where, and whose they become. */
export interface FileMapping {
  /** Absolute, normalised. */
  readonly add: string;
  readonly to: string;
  /** Name or number; null: root for git, unchanged for imports. */
  readonly owner: string | null;
  readonly group: string | null;
  /** Masks relative to `add`; empty: everything. */
  readonly includePaths: readonly string[];
  /** With what other mappings of the image put below `to`. */
  readonly excludePaths: readonly string[];
  readonly position: Position;
}

export interface GitMapping extends FileMapping {
  readonly repository: OwnRepository | RemoteRepository;
  /** Masks of files that make a user stage run again. */
  readonly stageDependencies: Readonly<Record<Exclude<UserStage, 'beforeInstall'>, readonly string[]>>;
}

export interface OwnRepository {
  readonly kind: 'own';
}

export interface RemoteRepository {
  readonly kind: 'remote';
  readonly url: string;
  /** Last parts of its path, for logs. */
  readonly name: string;
  readonly reference: RemoteTarget;
  readonly basicAuth: BasicAuth | null;
}

export interface BasicAuth {
  readonly username: string;
  readonly password:
    | { readonly kind: 'env'; readonly name: string }
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'value'; readonly text: string };
}

export interface ImportMapping extends FileMapping {
  readonly source:
    | { readonly kind: 'image'; readonly image: string }
    | { readonly kind: 'reference'; readonly reference: string };
  /** A stage of the source in the middle; null: its last one. */
  readonly stage: UserStage | null;
  readonly when: BuildMoment;
}

/** What build containers see at `to`; nothing of it gets into the image. */
export interface Mount {
  readonly to: string;
  readonly source: /** Empty for every image and run. */
    | { readonly kind: 'tmp_dir' }
    /** Kept on the host for all images of the project. */
    | { readonly kind: 'build_dir' }
    /** Absolute, relative to the project directory, or below the home directory by `~/`. */
    | { readonly kind: 'path'; readonly path: string };
  readonly position: Position;
}

/** The `docker` field: what is null or empty stays as in the base. */
export interface DockerInstructions {
  readonly user: string | null;
  readonly workdir: string | null;
  readonly healthcheck: HealthCheck | null;
  /** Words to run; the shell form is already put into words. */
  readonly cmd: readonly string[] | null;
  readonly entrypoint: readonly string[] | null;
  readonly volume: readonly string[];
  readonly expose: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly label: ReadonlyMap<string, string>;
}
