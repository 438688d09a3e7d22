import { isElf } from './elf.ts';
import { confine, confineLibc, confineLibcrypto, confineLoader, searchForShell } from './patch.ts';
import { PREFIX, type Target } from './prefix.ts';
import { file, type Tree } from './tree.ts';

type Change = (content: Buffer, target: Target) => void;

/** What is changed beside interpreter and paths of libraries, by the place of the file. */
function changes({ loader }: Target): Readonly<Record<string, Change>> {
  const startsPrograms = { execv: 'execvp', execl: 'execlp' };
  return {
    [`lib/${loader}`]: confineLoader,
    'lib/libc.so.6': confineLibc,
    'embedded/bin/bash-static': confineLibc,
    'lib/libcrypto.so.3': confineLibcrypto,
    'embedded/bin/tar': (content) => searchForShell(content, startsPrograms),
  };
}

/**
 * Makes every program of the tree run from the prefix alone.
 * @returns the files that are not as their package holds them, sorted
 * @throws Error naming the file in which something to change was not found
 */
export function confineTree(tree: Tree, target: Target): readonly string[] {
  const further = changes(target);
  const changed: string[] = [];
  for (const [path, node] of tree) {
    if (node.kind !== 'file') continue;
    const content = Buffer.from(node.content);
    try {
      if (isElf(content)) confine(content, target);
      else if (/^embedded\/s?bin\//.test(path)) {
        const script = confineScript(content.toString('utf8'));
        if (script !== null) {
          tree.set(path, file(script, node.mode));
          changed.push(path);
        }
        continue;
      }
      further[path]?.(content, target);
    } catch (error) {
      throw new Error(`${path} cannot be changed: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
    if (!content.equals(node.content)) {
      tree.set(path, file(content, node.mode));
      changed.push(path);
    }
  }
  return changed.sort();
}

/** The script with an interpreter of ours in its first line, null when it has one of another kind. */
function confineScript(text: string): string | null {
  const line = /^#! ?(?:\/usr)?\/bin\/(?:env )?(sh|bash|python3(?:\.\d+)?)\b/.exec(text);
  if (!line) return null;
  const program = line[1]?.startsWith('python') ? 'python3' : line[1];
  return `#!${PREFIX}/embedded/bin/${program}${text.slice(line[0].length)}`;
}
