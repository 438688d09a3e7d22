import type { LargeFiles } from '../large-files.ts';
import { pointedSize } from '../large-files.ts';
import { byteReader } from './byte-reader.ts';
import type { GitProgram } from './git-program.ts';

/** Asks Git LFS, which looks at what it has already and then at its server. */
export function cliLargeFiles(git: GitProgram): LargeFiles {
  let installed: Promise<boolean> | undefined;
  const isInstalled = () => {
    installed ??= git.attempt(['lfs', 'version']).then(({ status }) => status === 0);
    return installed;
  };
  return {
    async content(pointer, path, signal) {
      const size = pointedSize(pointer);
      if (size === null || !(await isInstalled())) return null;
      signal.throwIfAborted();
      const child = git.converse(['lfs', 'smudge', '--', path]);
      child.stdin.end(pointer);
      const reader = byteReader(child.stdout);
      // Where it cannot get the content it answers with the pointer or with nothing.
      const start: Buffer[] = [];
      const wanted = Math.min(size, pointer.length);
      try {
        for await (const piece of reader.bytes(wanted)) start.push(piece);
      } catch {
        await child;
        return null;
      }
      const head = Buffer.concat(start);
      if (size !== pointer.length && head.equals(pointer.subarray(0, wanted)) && wanted > 0) {
        child.stdout.destroy();
        child.kill();
        await child;
        return null;
      }
      const chunks = async function* () {
        yield head;
        yield* reader.bytes(size - wanted);
        await child;
      };
      return { size, chunks: chunks() };
    },
  };
}
