import { createReadStream } from 'node:fs';
import { readlink } from 'node:fs/promises';
import type { DockerfileImage } from '../config/project.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { DockerfileReader, PathQuery, PathSet } from '../dockerfile/dockerfile.ts';
import type { BlobContent, ObjectId, TreeEntry } from '../git/objects.ts';
import type { GitRepository } from '../git/repository.ts';
import { type ArchiveFile, writeTar } from '../git/tar-archive.ts';
import { type AddedFile, addedFiles } from '../giterminism/added-files.ts';
import type { CommittedFiles } from '../giterminism/committed-files.ts';
import type { Permissions } from '../giterminism/permissions.ts';
import type { ProjectFiles } from '../giterminism/project-files.ts';
import { reading } from '../giterminism/refusals.ts';
import { refuseChanges } from '../giterminism/refuse-changes.ts';
import { inLayerOrder } from '../oci/layer-order.ts';
import type { BuildContext } from '../stages/build-context.ts';
import type { ContextFile } from '../stages/context-checksum.ts';
import { dockerfilePath } from '../stages/dockerfile-stage.ts';

export interface CommitContextParts {
  readonly repository: GitRepository;
  readonly files: CommittedFiles;
  readonly permissions: Permissions;
  /** Absolute path of the project directory. */
  readonly projectDirectory: string;
  readonly reader: DockerfileReader;
  /** The door to Dockerfile and ignore file. */
  readonly configFiles: ProjectFiles;
  /** Every file may be added from the disk. */
  readonly unchecked: boolean;
  /** Unix seconds: dates of all files of the context. */
  readonly date: number;
  readonly signal: AbortSignal;
  readonly onWarning: (problem: Problem) => void;
}

/** What one image may read of the commit, and what permissions add to it. */
export function commitContext(image: DockerfileImage, parts: CommitContextParts): BuildContext {
  const { files, configFiles, reader, permissions, projectDirectory, signal } = parts;
  const { context } = image;
  const ownPath = dockerfilePath(image);
  const committed = new Map<string, TreeEntry>();
  const added = new Map<string, AddedFile>();
  // Several instructions may copy one file.
  const pointersTold = new Set<string>();

  return {
    dockerfile: () => readText(parts, { what: 'dockerfile', path: ownPath, purpose: 'dockerfiles' }, image),
    async dockerignore() {
      for (const path of [
        `${ownPath}.dockerignore`,
        context === '' ? '.dockerignore' : `${context}/.dockerignore`,
      ]) {
        if ((await configFiles.has(path, 'dockerignoreFiles')) || (await configFiles.onDisk(path))) {
          return await readText(
            parts,
            { what: 'dockerignore file', path, purpose: 'dockerignoreFiles' },
            image,
          );
        }
      }
      return null;
    },
    async committed() {
      const entries = await files.below(context);
      for (const entry of entries) committed.set(entry.path, entry);
      return entries.map(({ path, mode, id }): ContextFile => ({ path, mode, content: id }));
    },
    async added() {
      if (image.contextAddFiles.length === 0) return [];
      // No permission is asked for in this mode.
      const patterns = parts.unchecked ? ['**'] : [...permissions.contextAddFiles];
      const query: PathQuery = { kind: 'glob', patterns };
      const allowed = async (paths: readonly string[]) =>
        (await reader.match(paths, [query], signal))[0] ?? NOTHING;
      const paths = image.contextAddFiles.map(({ path }) => path);
      const found = await addedFiles({ projectDirectory, context, paths, allowed });
      for (const file of found) added.set(file.path, file);
      return found;
    },
    async assertClean(ignored) {
      const changes = await files.changesBelow(context);
      if (changes.length === 0) return;
      const skip = await ignored(changes.map(({ path }) => path));
      const own = new Set(image.contextAddFiles.map(({ path }) => path));
      const read = changes.filter(({ path }, i) => !skip.has(i) && !isAdded(path, own));
      refuseChanges(read, context);
    },
    async write(chosen, sink, stop) {
      const archive = inLayerOrder(chosen).map((file) =>
        archiveFile(file, added.get(file.path), committed.get(file.path)),
      );
      const { commits, largeFiles } = parts.repository;
      const pointers = new Set<string>();
      const onPointer = (path: string) => {
        if (!pointersTold.has(path)) pointers.add(path);
        pointersTold.add(path);
      };
      await writeTar(archive, sink, { commits, largeFiles, onPointer, date: parts.date, signal: stop });
      if (pointers.size > 0) parts.onWarning(pointersLeft([...pointers]));
    },
  };
}

const NOTHING: PathSet = { has: () => false };

interface ReadText {
  readonly what: string;
  readonly path: string;
  readonly purpose: 'dockerfiles' | 'dockerignoreFiles';
}

async function readText(
  { configFiles }: CommitContextParts,
  { what, path, purpose }: ReadText,
  { context, dockerfile }: DockerfileImage,
): Promise<string> {
  try {
    return (await configFiles.read(path, purpose)).toString('utf8');
  } catch (error) {
    const told = reading(`${what} "${path}"`, error);
    const misplaced = context !== '' && path.endsWith(`/${dockerfile}`) && !(await configFiles.onDisk(path));
    if (told instanceof UserError && misplaced && (await configFiles.has(dockerfile, 'dockerfiles'))) {
      throw new UserError(told.code, told.message, {
        cause: error,
        hint: `\`dockerfile\` is relative to \`context\`: "${dockerfile}" exists in the project directory, "${path}" does not`,
      });
    }
    throw told;
  }
}

function isAdded(path: string, added: ReadonlySet<string>): boolean {
  return added.has(path) || [...added].some((directory) => path.startsWith(`${directory}/`));
}

/** Files of the context whose content is elsewhere. */
function pointersLeft(paths: readonly string[]): Problem {
  return {
    code: 'GIT_LFS_POINTER',
    message: `files of the build context are pointers of Git LFS, not what these stand for: ${[...paths].sort().join(', ')}`,
    hint: 'install git-lfs, and see that its server can be reached',
  };
}

function archiveFile(
  file: ContextFile,
  added: AddedFile | undefined,
  entry: TreeEntry | undefined,
): ArchiveFile {
  const { path } = file;
  if (added) return { path, mode: added.mode, source: 'elsewhere', open: () => diskContent(added) };
  if (entry?.mode === '160000') {
    throw new UserError(
      'GIT_SUBMODULE',
      `the files of the submodule "${path}" are needed and cannot be had: its commit ${entry.id} is neither here nor at its address`,
      {
        hint: 'git submodule update --init, or check its address in .gitmodules; git must be installed for that',
      },
    );
  }
  const mode = entry?.mode === '100755' || entry?.mode === '120000' ? entry.mode : '100644';
  return { path, mode, source: 'git', id: file.content as ObjectId };
}

function diskContent({ mode, diskPath, size }: AddedFile): BlobContent {
  if (mode !== '120000') return { size, chunks: createReadStream(diskPath) };
  return { size: 0, chunks: targetOf(diskPath) };
}

async function* targetOf(link: string): AsyncGenerator<Buffer> {
  yield Buffer.from(await readlink(link));
}
