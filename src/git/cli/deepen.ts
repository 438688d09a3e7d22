import type { GitProgram } from './git-program.ts';

export async function isShallow(git: GitProgram): Promise<boolean> {
  return (await git.attempt(['rev-parse', '--is-shallow-repository'])).text === 'true';
}

/** Fetches what a shallow clone lacks of its history. @returns whether it is whole now */
export async function deepen(git: GitProgram): Promise<boolean> {
  const { status } = await git.attempt(['fetch', '--quiet', '--unshallow']);
  return status === 0 && !(await isShallow(git));
}
