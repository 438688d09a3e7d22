import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Is a program in one of the directories? @param path as in PATH */
export async function isInstalled(program: string, path: string): Promise<boolean> {
  for (const directory of path.split(delimiter)) {
    const executable = await access(join(directory, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable) return true;
  }
  return false;
}
