import { UserError } from '../diagnostics/user-error.ts';
import type { Commit } from '../git/objects.ts';
import type { Session } from './session.ts';

/** The commit that a run looks at: HEAD, or with --dev a commit of the work tree as it is now. */
export async function presentCommit(session: Session): Promise<Commit> {
  const { project, ports, clock, signal } = session;
  const { repository, prefix } = await ports.git();
  const { dev } = project;
  if (dev !== null) {
    return await repository.development.commitState({
      branch: dev.branch,
      ignored: (paths) => ignoredBy(dev.ignore, { session, prefix, paths }),
      now: Math.floor(clock.now() / 1000),
      signal,
    });
  }
  const commit = await repository.commits.head();
  if (commit !== null) return commit;
  throw new UserError('GIT_NO_COMMIT', `the repository of ${project.directory} has no commit yet`, {
    hint: 'slipway builds what is committed: git add . && git commit -m first',
  });
}

/** Globs are relative to the project directory, paths to the repository. */
async function ignoredBy(
  globs: readonly string[],
  {
    session,
    prefix,
    paths,
  }: { readonly session: Session; readonly prefix: string; readonly paths: readonly string[] },
): Promise<ReadonlySet<string>> {
  const top = prefix === '' ? '' : `${prefix}/`;
  const inProject = paths.filter((path) => path.startsWith(top));
  if (globs.length === 0 || inProject.length === 0) return new Set();
  const relative = inProject.map((path) => path.slice(top.length));
  const [taken] = await session.ports.dockerfile.match(
    relative,
    [{ kind: 'glob', patterns: [...globs] }],
    session.signal,
  );
  return new Set(inProject.filter((_, i) => taken?.has(i)));
}
