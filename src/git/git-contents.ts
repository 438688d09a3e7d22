import { LARGEST_POINTER, type LargeFiles, pointedSize } from './large-files.ts';
import type { BlobContent, ObjectId } from './objects.ts';
import type { CommitReader } from './repository.ts';

export interface ContentParts {
  readonly commits: Pick<CommitReader, 'blobs'>;
  readonly largeFiles: LargeFiles;
  /** Told of files that are pointers of Git LFS still, as their content cannot be had. */
  readonly onPointer: (path: string) => void;
  readonly signal: AbortSignal;
}

/** Contents of files of a commit, one after another. */
export interface GitContents {
  /** That of the next object, as it is stored. */
  stored(): Promise<BlobContent>;
  /** That of the next object; where it is a pointer of Git LFS, what it stands for. @param path for messages and LFS */
  file(path: string): Promise<BlobContent>;
  /** The next object as text. */
  text(): Promise<string>;
  /** Must be called at the end, whatever that was. */
  close(): Promise<void>;
}

/** @param ids every object that will be asked for, in this order */
export function gitContents(ids: readonly ObjectId[], parts: ContentParts): GitContents {
  const blobs = parts.commits.blobs(ids, parts.signal)[Symbol.asyncIterator]();
  const stored = async () => {
    const next = await blobs.next();
    if (next.done === true) throw new Error('git gave fewer objects than were asked for');
    return next.value;
  };
  return {
    stored,
    async file(path) {
      const content = await stored();
      if (content.size > LARGEST_POINTER) return content;
      const read = await wholeContent(content);
      if (pointedSize(read) === null) return contentOf(read);
      const large = await parts.largeFiles.content(read, path, parts.signal);
      if (large === null) parts.onPointer(path);
      return large ?? contentOf(read);
    },
    text: async () => (await wholeContent(await stored())).toString('utf8'),
    close: async () => void (await blobs.return?.(undefined)),
  };
}

/** A content that is at hand. */
export function contentOf(whole: Buffer): BlobContent {
  return { size: whole.length, chunks: one(whole) };
}

/** Reads a content into memory. */
export async function wholeContent({ chunks }: BlobContent): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of chunks) pieces.push(piece);
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
}

async function* one(whole: Buffer): AsyncGenerator<Buffer> {
  yield whole;
}
