import { UserError } from '../diagnostics/user-error.ts';

/** Files that lie on the disk but in no commit. */
export function untracked(paths: readonly string[]): UserError {
  const message =
    paths.length === 1
      ? `the untracked file "${paths[0]}" must be committed`
      : `the following untracked files must be committed:\n\n${listed(paths)}`;
  return new UserError('GITERMINISM_UNTRACKED', message, { hint: COMMIT_HINT });
}

/** Committed files with local changes. */
export function uncommitted(paths: readonly string[]): UserError {
  const message =
    paths.length === 1
      ? `the file "${paths[0]}" must be committed`
      : `the following files must be committed:\n\n${listed(paths)}`;
  return new UserError('GITERMINISM_UNCOMMITTED', message, { hint: COMMIT_HINT });
}

export function notFoundInCommit(path: string): UserError {
  return new UserError('GITERMINISM_NOT_FOUND', `the file "${path}" not found in the project git repository`);
}

/**
 * An input that git does not hold and that nobody has permitted.
 * @param snippet the lines of werf-giterminism.yaml that would permit it
 */
export function notAccepted(what: string, snippet: string): UserError {
  const message = `the configuration with potential external dependency found in the werf config: ${what} not allowed by giterminism`;
  return new UserError('GITERMINISM_NOT_ACCEPTED', message, {
    hint: `what git does not hold may differ from machine to machine, so the same commit would build different images. To permit it, commit this in werf-giterminism.yaml:\n\n${snippet}`,
  });
}

/** The same error with what was being read in front. */
export function reading(what: string, error: unknown): unknown {
  if (!(error instanceof UserError)) return error;
  const { code, hint, problems } = error;
  return new UserError(code, `unable to read ${what}: ${error.message}`, {
    cause: error,
    problems,
    ...(hint === undefined ? {} : { hint }),
  });
}

const COMMIT_HINT =
  'what is built is what HEAD holds: commit the change (or undo it), so that every machine builds the same';

function listed(paths: readonly string[]): string {
  return [...paths]
    .sort()
    .map((path) => ` - ${path}`)
    .join('\n');
}
