import { posix } from 'node:path';
import type { Writable } from 'node:stream';
import { type ContentParts, gitContents, wholeContent } from './git-contents.ts';
import type { BlobContent, ObjectId } from './objects.ts';
import { tarWriter } from './tar-writer.ts';

/** A file to be archived: its content in git, or a function that opens it elsewhere. */
export type ArchiveFile = {
  readonly path: string;
  readonly mode: '100644' | '100755' | '120000';
} & (
  | { readonly source: 'git'; readonly id: ObjectId }
  /** For a link the content is its target. */
  | { readonly source: 'elsewhere'; open(): BlobContent }
);

export interface ArchiveOptions extends ContentParts {
  /** Unix seconds: the date of every entry. */
  readonly date: number;
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
  const writer = tarWriter(sink, options);
  const ids = files.flatMap((file) => (file.source === 'git' ? [file.id] : []));
  const contents = gitContents(ids, options);
  const directories = new Set<string>();
  try {
    for (const file of files) {
      const { path, mode } = file;
      for (const name of newParents(path, directories)) await writer.directory(`${name}/`);
      if (mode === '120000') {
        const target = file.source === 'git' ? await contents.stored() : file.open();
        await writer.link(path, (await wholeContent(target)).toString('utf8'));
      } else {
        const content = file.source === 'git' ? await contents.file(path) : file.open();
        await writer.file(path, mode === '100755' ? 0o755 : 0o644, content);
      }
    }
    await writer.end();
  } catch (error) {
    writer.abandon(error);
    throw error;
  } finally {
    await contents.close();
  }
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
