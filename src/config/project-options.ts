/** Where a project is and how its configuration is read: the project options of every command. */
export interface ProjectOptions {
  /** Absolute path of the project directory. */
  readonly directory: string;
  /** Absolute path of the git work tree; null: searched upwards from the project directory. */
  readonly workTree: string | null;
  /** As given, relative to the project directory or absolute; null: `werf.yaml`, then `werf.yml`. */
  readonly config: string | null;
  /** Relative to the project directory. */
  readonly templatesDirectory: string;
  /** Absolute path where the rendered configuration is kept; null: a temporary file. */
  readonly renderPath: string | null;
  /** `.Env` of templates; '' when not given. */
  readonly environment: string;
  /** Relative to the project directory. */
  readonly giterminismConfig: string;
  readonly loose: boolean;
  /** Build from the state of the work tree instead of HEAD; null: from HEAD. */
  readonly dev: DevOptions | null;
  readonly debugTemplates: boolean;
  readonly allowIncludesUpdate: boolean;
}

export interface DevOptions {
  readonly branch: string;
  /** Globs of paths that do not belong to the state. */
  readonly ignore: readonly string[];
}
