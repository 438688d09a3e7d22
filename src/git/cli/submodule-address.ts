import type { RepoPath } from '../objects.ts';
import type { GitProgram } from './git-program.ts';

export interface AddressOwner {
  readonly git: GitProgram;
  /** Commits whose `.gitmodules` are asked, in this order. */
  readonly commits: readonly string[];
  /** What addresses are relative to; null: to that of its `origin`. */
  readonly url: string | null;
}

/** Where a submodule is fetched from, by `.gitmodules`. @param path in the repository that has it */
export async function addressOf(owner: AddressOwner, path: RepoPath): Promise<string | null> {
  for (const commit of owner.commits) {
    const url = await statedUrl(owner.git, commit, path);
    if (url === null) continue;
    // What looks like an option of git must not become one.
    if (url.startsWith('-')) return null;
    return /^\.\.?\//.test(url) ? relativeTo(owner.url ?? (await originOf(owner.git)), url) : url;
  }
  return null;
}

async function originOf(git: GitProgram): Promise<string> {
  const origin = await git.attempt(['config', '--get', 'remote.origin.url']);
  return origin.status === 0 ? origin.text : git.workTree;
}

async function statedUrl(git: GitProgram, commit: string, path: RepoPath): Promise<string | null> {
  const wanted = '^submodule\\..*\\.(path|url)$';
  const listed = await git.attempt(['config', '--blob', `${commit}:.gitmodules`, '--get-regexp', wanted]);
  const lines = listed.text.split('\n').map((line) => /^submodule\.(.+)\.(path|url) (.*)$/.exec(line));
  const name = lines.find((line) => line?.[2] === 'path' && line[3] === path)?.[1];
  const url = lines.find((line) => line?.[2] === 'url' && line[1] === name)?.[3];
  return name === undefined ? null : (url ?? null);
}

/** `../lib.git` beside `ssh://host/group/app.git` is `ssh://host/group/lib.git`. */
export function relativeTo(base: string, url: string): string {
  let [directory, rest] = [base.replace(/\/+$/, ''), url];
  for (;;) {
    if (rest.startsWith('./')) rest = rest.slice(2);
    else if (rest.startsWith('../')) {
      rest = rest.slice(3);
      directory = directory.replace(/[/:][^/:]*$/, (end) => (end.startsWith(':') ? ':' : ''));
    } else return directory.endsWith(':') ? `${directory}${rest}` : `${directory}/${rest}`;
  }
}
