import { once as event } from 'node:events';
import { posix } from 'node:path';
import type { Writable } from 'node:stream';
import type { Pack } from 'tar-stream';
import { LARGEST_POINTER, type LargeFiles, pointedSize } from './large-files.ts';
import type { BlobContent, ObjectId } from './objects.ts';
import type { CommitReader } from './repository.ts';

/** A file to be archived: its content in git, or a function that opens it elsewhere. */
export type ArchiveFile = {
  readonly path: string;
  readonly mode: '100644' | '100755' | '120000';
} & (
  | { readonly source: 'git'; readonly id: ObjectId }
  /** For a link the content is its target. */
  | { readonly source: 'elsewhere'; open(): BlobContent }
);

export interface ArchiveOptions {
  readonly commits: Pick<CommitReader, 'blobs'>;
  readonly largeFiles: LargeFiles;
  /** Told of files that are pointers of Git LFS still, as their content cannot be had. */
  readonly onPointer: (path: string) => void;
  /** Unix seconds: the date of every entry. */
  readonly date: number;
  readonly signal: AbortSignal;
}

/**
 * Writes files, in the order given, as a tar, each behind those of its directories that were not written yet, and ends
 * the stream.
 * Owner 0:0, modes 0644, 0755 and 0777 for links, so that the same files give the same bytes anywhere.
 */
export async function writeTar(
  files: readonly ArchiveFile[],
  sink: Writable,
  options: ArchiveOptions,
): Promise<void> {
  const { commits, date, signal } = options;
  const { pack: newPack } = await import('tar-stream');
  const pack = newPack();
  // What breaks is thrown below; as an event alone it would end the whole program.
  pack.on('error', () => undefined);
  const ended = event(sink, 'finish', { signal });
  ended.catch(() => undefined);
  pack.pipe(sink);
  const ids = files.flatMap((file) => (file.source === 'git' ? [file.id] : []));
  const blobs = commits.blobs(ids, signal)[Symbol.asyncIterator]();
  const directories = new Set<string>();
  const dated = { mtime: new Date(date * 1000), uid: 0, gid: 0, uname: '', gname: '' };
  try {
    for (const file of files) {
      for (const name of newParents(file.path, directories)) {
        pack.entry({ ...dated, name: `${name}/`, type: 'directory', mode: 0o755 });
      }
      const content = file.source === 'git' ? await nextBlob(blobs) : file.open();
      const whole = await withoutPointer(file, content, options);
      await addFile(pack, { ...dated, name: file.path }, file.mode, whole, signal);
    }
    pack.finalize();
    await ended;
  } catch (error) {
    pack.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  } finally {
    await blobs.return?.(undefined);
  }
}

/** What a pointer of Git LFS stands for, in its place. */
async function withoutPointer(
  { path, mode, source }: ArchiveFile,
  content: BlobContent,
  { largeFiles, onPointer, signal }: ArchiveOptions,
): Promise<BlobContent> {
  if (source !== 'git' || mode === '120000' || content.size > LARGEST_POINTER) return content;
  const pieces: Buffer[] = [];
  for await (const piece of content.chunks) pieces.push(piece);
  const read = Buffer.concat(pieces);
  const large = pointedSize(read) === null ? null : await largeFiles.content(read, path, signal);
  if (large === null && pointedSize(read) !== null) onPointer(path);
  return large ?? { size: read.length, chunks: one([read]) };
}

async function* one(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces;
}

async function nextBlob(blobs: AsyncIterator<BlobContent>): Promise<BlobContent> {
  const next = await blobs.next();
  if (next.done === true) throw new Error('git gave fewer objects than were asked for');
  return next.value;
}

async function addFile(
  pack: Pack,
  header: Parameters<Pack['entry']>[0],
  mode: ArchiveFile['mode'],
  { size, chunks }: BlobContent,
  signal: AbortSignal,
): Promise<void> {
  if (mode === '120000') {
    const pieces: Buffer[] = [];
    for await (const piece of chunks) pieces.push(piece);
    pack.entry({ ...header, type: 'symlink', mode: 0o777, linkname: Buffer.concat(pieces).toString('utf8') });
    return;
  }
  const entry = pack.entry({ ...header, type: 'file', size, mode: mode === '100755' ? 0o755 : 0o644 });
  // It breaks with the archive, which tells why.
  entry.on('error', () => undefined);
  for await (const piece of chunks) {
    if (!entry.write(piece)) await event(entry, 'drain', { signal });
  }
  const finished = event(entry, 'finish', { signal });
  entry.end(undefined);
  await finished;
}

/** Parents of a path that were not given before, outermost first. */
function newParents(path: string, given: Set<string>): readonly string[] {
  const parents: string[] = [];
  for (
    let parent = posix.dirname(path);
    parent !== '.' && !given.has(parent);
    parent = posix.dirname(parent)
  ) {
    given.add(parent);
    parents.unshift(parent);
  }
  return parents;
}
