/** What `werf-giterminism.yaml` permits. Globs are relative to the project directory; what is not there is refused. */
export interface Permissions {
  readonly uncommitted: UncommittedFiles;
  /** Names, or `/regular expressions/`, of variables that templates may read. */
  readonly templateVariables: readonly string[];
  readonly secrets: {
    readonly variables: readonly string[];
    readonly files: readonly string[];
    readonly valueIds: readonly string[];
  };
  readonly fromLatest: boolean;
  readonly gitBranch: boolean;
  readonly mountBuildDirectory: boolean;
  readonly mountPaths: readonly string[];
  /** Context and path. */
  readonly contextAddFiles: readonly string[];
  readonly includesUpdate: boolean;
}

/** Globs of files that may be read as they lie on the disk, by what they are read for. */
export interface UncommittedFiles {
  readonly config: readonly string[];
  readonly templates: readonly string[];
  /** `.Files` of templates. */
  readonly templateFiles: readonly string[];
  readonly dockerfiles: readonly string[];
  readonly dockerignoreFiles: readonly string[];
}

export const NOTHING_PERMITTED: Permissions = {
  uncommitted: { config: [], templates: [], templateFiles: [], dockerfiles: [], dockerignoreFiles: [] },
  templateVariables: [],
  secrets: { variables: [], files: [], valueIds: [] },
  fromLatest: false,
  gitBranch: false,
  mountBuildDirectory: false,
  mountPaths: [],
  contextAddFiles: [],
  includesUpdate: false,
};

/** @returns whether a list of exact names and `/regular expressions/`, anchored on both ends, has the name */
export function permitsName(permitted: readonly string[], name: string): boolean {
  return permitted.some((entry) => {
    const pattern = /^\/(.*)\/$/s.exec(entry)?.[1];
    return pattern === undefined ? entry === name : new RegExp(`^(?:${pattern})$`).test(name);
  });
}

/** The lines of `werf-giterminism.yaml` that permit something. */
export function permissionLines(path: readonly string[], value: string | true): string {
  const lines = path.map((key, depth) => `${'  '.repeat(depth)}${key}:`);
  const last = lines.length - 1;
  if (value === true) lines[last] = `${lines[last]} true`;
  else lines.push(`${'  '.repeat(last)}- ${JSON.stringify(value)}`);
  return ['giterminismConfigVersion: 1', ...lines].join('\n');
}
