import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import type { TarEntry } from './tar.ts';

export type Node =
  | { readonly kind: 'file'; readonly mode: number; readonly content: Buffer }
  | { readonly kind: 'link'; readonly target: string };

/** Files and links by their path below the prefix. Directories are there by what is in them. */
export type Tree = Map<string, Node>;

export function file(content: string | Buffer, mode = 0o644): Node {
  return { kind: 'file', mode, content: typeof content === 'string' ? Buffer.from(content) : content };
}

/** The file that a path of the tree leads to, through links inside the tree. */
export function fileAt(tree: Tree, path: string): { readonly path: string; readonly content: Buffer } | null {
  let at = path;
  for (let hops = 0; hops < 10; hops++) {
    const node = tree.get(at);
    if (!node) return null;
    if (node.kind === 'file') return { path: at, content: node.content };
    at = posix.join(posix.dirname(at), node.target);
  }
  return null;
}

/** Entries of a tar sorted by path, with every directory before what is in it. @param below for example `.werf/stapel` */
export function entriesOf(tree: Tree, below: string): readonly TarEntry[] {
  const entries = new Map<string, TarEntry>();
  for (const [path, node] of tree) {
    const full = below === '' ? path : posix.join(below, path);
    for (let parent = posix.dirname(full); parent !== '.'; parent = posix.dirname(parent))
      entries.set(parent, { kind: 'directory', path: parent, mode: 0o755 });
    entries.set(full, { ...node, path: full });
  }
  return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Writes the tree, or the part that is asked for, into a directory of this machine. */
export function writeTree(
  tree: Tree,
  directory: string,
  wanted: (path: string) => boolean = () => true,
): void {
  for (const [path, node] of tree) {
    if (!wanted(path)) continue;
    const full = join(directory, path);
    mkdirSync(dirname(full), { recursive: true });
    if (node.kind === 'link') symlinkSync(node.target, full);
    else {
      writeFileSync(full, node.content);
      chmodSync(full, node.mode);
    }
  }
}
