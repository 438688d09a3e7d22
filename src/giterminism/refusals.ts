import { UserError } from '../diagnostics/user-error.ts';
import type { SubmoduleChange } from '../git/repository.ts';

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

/** A submodule that is not as the commit says. */
export function submoduleRefused(path: string, change: SubmoduleChange): UserError {
  const [message, hint] = SUBMODULE_WORDS[change];
  return new UserError(
    `GITERMINISM_${change.toUpperCase().replaceAll('-', '_')}`,
    `the submodule "${path}" ${message}`,
    {
      hint: `${hint} (\`--dev\` builds the present state of the work tree while you develop)`,
    },
  );
}

const SUBMODULE_WORDS: Readonly<Record<SubmoduleChange, readonly [string, string]>> = {
  'submodule-added': ['is added, and must be committed', 'commit it, with .gitmodules'],
  'submodule-deleted': [
    'is deleted: that must be committed',
    'commit the deletion, or run `git submodule update --init`',
  ],
  'submodule-commit-changed': [
    'is at another commit than HEAD says: that must be committed',
    'commit it with `git add` in this repository, or go back by `git submodule update`',
  ],
  'submodule-uncommitted': [
    'has changed files that must be committed',
    'commit them in the submodule, then the submodule in this repository',
  ],
  'submodule-untracked': [
    'has untracked files that must be committed',
    'commit or ignore them in the submodule, then commit the submodule in this repository',
  ],
};

export function notFoundInCommit(path: string): UserError {
  return new UserError('GITERMINISM_NOT_FOUND', `the file "${path}" not found in the project git repository`);
}

export function notFoundOnDisk(path: string): UserError {
  return new UserError('GITERMINISM_NOT_FOUND', `the file "${path}" not found in the project directory`);
}

export const NOT_ACCEPTED = 'GITERMINISM_NOT_ACCEPTED';

/** How to permit an input that git does not hold. @param lines those of werf-giterminism.yaml */
export function permitHint(lines: string): string {
  return `what git does not hold may differ from machine to machine, so the same commit would build different images. To permit it, commit this in werf-giterminism.yaml:\n\n${lines}`;
}

export const EXTERNAL_DEPENDENCY =
  'the configuration with potential external dependency found in the werf config: ';

/**
 * An input of the configuration that git does not hold and that nobody has permitted.
 * @param lines those of werf-giterminism.yaml that would permit it
 */
export function notAccepted(what: string, lines: string): UserError {
  const message = `${EXTERNAL_DEPENDENCY}${what} not allowed by giterminism`;
  return new UserError(NOT_ACCEPTED, message, { hint: permitHint(lines) });
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
  'what is built is what HEAD holds: commit the change (or undo it), so that every machine builds the same; `--dev` builds the present state of the work tree while you develop';

function listed(paths: readonly string[]): string {
  return [...paths]
    .sort()
    .map((path) => ` - ${path}`)
    .join('\n');
}
