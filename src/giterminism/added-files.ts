import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../diagnostics/user-error.ts';
import type { PathSet } from '../dockerfile/dockerfile.ts';
import { permissionLines } from './permissions.ts';
import { notAccepted } from './refusals.ts';

/** A file that a permission adds to the context from the disk. */
export interface AddedFile {
  /** Relative to the context. */
  readonly path: string;
  readonly mode: '100644' | '100755' | '120000';
  /** `sha256:` and the content's hash, or `link:` and its target. */
  readonly content: string;
  /** Absolute. */
  readonly diskPath: string;
  /** Bytes; 0 for links. */
  readonly size: number;
}

export interface AddedFilesRequest {
  /** Absolute path of the project directory. */
  readonly projectDirectory: string;
  readonly context: string;
  /** Relative to the context. */
  readonly paths: readonly string[];
  /** Which of some paths, relative to the project, `allowContextAddFiles` covers. */
  readonly allowed: (paths: readonly string[]) => Promise<PathSet>;
}

/** @throws UserError for what does not exist, and for what no permission covers */
export async function addedFiles(request: AddedFilesRequest): Promise<readonly AddedFile[]> {
  const { projectDirectory, context, paths, allowed } = request;
  const files: AddedFile[] = [];
  for (const path of paths) {
    const inProject = posix.join(context, path);
    const disk = join(projectDirectory, inProject);
    const found = await lstat(disk).catch(() => null);
    const candidates = found?.isDirectory() ? await filesBelow(disk, inProject) : [inProject];
    const permitted = await allowed([inProject, ...candidates]);
    const taken = candidates.filter((_, i) => permitted.has(i + 1));
    if (taken.length === 0 && !permitted.has(0)) throw refusal(inProject);
    if (found === null) {
      throw new UserError('CONTEXT_ADD_FILE_MISSING', `contextAddFiles: "${inProject}" does not exist`, {
        hint: 'it is taken from the disk: make it before the build, or remove it from contextAddFiles',
      });
    }
    for (const one of taken) files.push(await describe(projectDirectory, context, one));
  }
  return files;
}

function refusal(path: string): UserError {
  const lines = permissionLines(['config', 'dockerfile', 'allowContextAddFiles'], path);
  return notAccepted(`contextAddFile "${path}"`, lines);
}

async function filesBelow(disk: string, inProject: string): Promise<string[]> {
  const entries = await readdir(disk, { withFileTypes: true });
  const nested = await Promise.all(
    entries.map((entry) => {
      const path = posix.join(inProject, entry.name);
      return entry.isDirectory() ? filesBelow(join(disk, entry.name), path) : [path];
    }),
  );
  return nested.flat().sort();
}

async function describe(projectDirectory: string, context: string, inProject: string): Promise<AddedFile> {
  const diskPath = join(projectDirectory, inProject);
  const path = posix.relative(context, inProject);
  const found = await lstat(diskPath);
  if (found.isSymbolicLink()) {
    return { path, mode: '120000', content: `link:${await readlink(diskPath)}`, diskPath, size: 0 };
  }
  if (!found.isFile()) {
    throw new UserError(
      'CONTEXT_ADD_FILE_KIND',
      `contextAddFiles: "${inProject}" is neither a file nor a link`,
    );
  }
  const hash = createHash('sha256');
  await pipeline(createReadStream(diskPath), hash);
  const mode = (found.mode & 0o100) === 0 ? '100644' : '100755';
  return { path, mode, content: `sha256:${hash.digest('hex')}`, diskPath, size: found.size };
}
