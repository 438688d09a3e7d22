import type { Writable } from 'node:stream';
import { contentOf, gitContents, wholeContent } from './git-contents.ts';
import { withDosLineEnds } from './line-ends.ts';
import type { ObjectId, TreeEntry } from './objects.ts';
import type { GitRepository } from './repository.ts';
import { tarWriter } from './tar-writer.ts';

/** A file of a git mapping. */
export interface MappedFile {
  /** Its path in the repository is what attributes and Git LFS go by. */
  readonly entry: TreeEntry;
  /** In the tar; without a leading slash. */
  readonly path: string;
}

export interface MappingOptions {
  /** Unix seconds: the date of every file. */
  readonly date: number;
  readonly signal: AbortSignal;
  /** Told of files that are pointers of Git LFS still, as their content cannot be had; by their paths in the repository. */
  readonly onPointer: (path: string) => void;
}

/**
 * Writes files of a commit, in the order given, as a tar without directories, and ends the stream. Contents are as a
 * checkout would have them: with the line ends that `.gitattributes` of the commit ask for, and what pointers of Git LFS
 * stand for. Owner 0:0, modes 0644, 0755 and 0777 for links: the same commit gives the same bytes anywhere.
 * @param files none of them a submodule: their files are given in their place
 */
export async function writeMapping(
  repository: GitRepository,
  commit: ObjectId,
  files: readonly MappedFile[],
  sink: Writable,
  options: MappingOptions,
): Promise<void> {
  const writer = tarWriter(sink, options);
  const { commits, largeFiles, lineEnds } = repository;
  const ids = files.map(({ entry }) => entry.id);
  const contents = gitContents(ids, { ...options, commits, largeFiles });
  try {
    const paths = files.map(({ entry }) => entry.path);
    const rules = await lineEnds.rules(commit, paths, options.signal);
    for (const { path, entry } of files) {
      if (entry.mode === '120000') {
        await writer.link(path, await contents.text());
        continue;
      }
      const content = await contents.file(entry.path);
      const rule = rules.get(entry.path);
      const written = rule ? contentOf(withDosLineEnds(await wholeContent(content), rule)) : content;
      await writer.file(path, entry.mode === '100755' ? 0o755 : 0o644, written);
    }
    await writer.end();
  } catch (error) {
    writer.abandon(error);
    throw error;
  } finally {
    await contents.close();
  }
}
