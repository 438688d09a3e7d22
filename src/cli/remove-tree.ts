import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Removes a directory with everything in it, also directories that may not be read, such as overlay's work directories.
 * @throws where something belongs to somebody else
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch {
    await open(path);
    // What a killed program leaves may still be in use for a moment.
    await rm(path, { recursive: true, force: true, maxRetries: 8, retryDelay: 50 });
  }
}

/** Lets the owner into all directories; what vanishes meanwhile is none the worse. */
async function open(directory: string): Promise<void> {
  await chmod(directory, 0o700).catch(() => undefined);
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory()) await open(join(directory, entry.name));
  }
}
