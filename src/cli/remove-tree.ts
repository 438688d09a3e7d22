import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Removes a directory with everything in it, also directories that may not be read, such as overlay's work directories.
 * @throws where something belongs to somebody else
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch {
    const owner = await ownerOf(path);
    const holdsAnothers = await open(path, owner);
    const isHopeless = holdsAnothers && owner !== 0;
    // What a killed program leaves may still be in use for a moment.
    const patience = isHopeless ? {} : { maxRetries: 8, retryDelay: 50 };
    await rm(path, { recursive: true, force: true, ...patience });
  }
}

/** Lets the owner into all directories; what vanishes meanwhile is none the worse. @returns are some of another owner? */
async function open(directory: string, owner: number): Promise<boolean> {
  await chmod(directory, 0o700).catch(() => undefined);
  let areAnothers = (await ownerOf(directory)) !== owner;
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory() && (await open(join(directory, entry.name), owner))) areAnothers = true;
  }
  return areAnothers;
}

/** -1 where nothing is. */
async function ownerOf(path: string): Promise<number> {
  return await lstat(path).then(
    ({ uid }) => uid,
    () => -1,
  );
}
