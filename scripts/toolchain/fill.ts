import { posix } from 'node:path';
import type { Content } from './content-shape.ts';
import { readDeb } from './deb.ts';
import { isElf, readElf } from './elf.ts';
import { placeOf, placeOfTarget, type Target } from './prefix.ts';
import { file, fileAt, type Tree } from './tree.ts';

function matcher(pattern: string): RegExp {
  const parts = pattern.split(/(\*\*|\*)/).map((part) => {
    if (part === '**') return '.*';
    return part === '*' ? '[^/]*' : part.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`);
}

/** Libraries that no program links against are left out again, but for these, which are loaded by name. */
const LOADED_BY_NAME = ['libgcc_s.so.1', 'libnss_compat.so.2'];

/**
 * The files that the packages give a variant, not yet changed.
 * @param debs by package name
 * @param links further ones: their targets by their places
 * @throws Error for a pattern of the content that fits nothing in its package, and a package that is not needed
 */
export function fill(
  contents: readonly Content[],
  debs: ReadonlyMap<string, Buffer>,
  target: Target,
  links: Readonly<Record<string, string>> = {},
): Tree {
  const tree: Tree = new Map();
  const taken = new Map<string, readonly string[]>();
  for (const content of contents)
    taken.set(content.package, take(tree, content, debs.get(content.package) ?? Buffer.alloc(0), target));
  bundleCertificates(tree);
  for (const [path, to] of Object.entries({ ...links, 'lib/ld.so': target.loader }))
    tree.set(path, { kind: 'link', target: to });
  leaveOutUnused(tree);
  for (const [name, paths] of taken) {
    const isLibrary = paths.every((path) => path.startsWith('lib/'));
    if (paths.length > 0 && isLibrary && !paths.some((path) => tree.has(path)))
      throw new Error(`no program needs a library of the package ${name}`);
  }
  for (const [path, node] of tree)
    if (node.kind === 'link' && !leads(tree, path))
      throw new Error(`${path} leads to ${node.target}, which is not there`);
  return tree;
}

const leads = (tree: Tree, path: string) => {
  const node = tree.get(path);
  if (node?.kind !== 'link') return true;
  const to = posix.join(posix.dirname(path), node.target);
  return fileAt(tree, path) !== null || [...tree.keys()].some((one) => one.startsWith(`${to}/`));
};

/** @returns the places that are filled now */
function take(
  tree: Tree,
  { package: name, files, without = [] }: Content,
  deb: Buffer,
  target: Target,
): readonly string[] {
  const entries = readDeb(deb);
  const document = `embedded/share/doc/${name}`;
  const patterns = files.map(matcher);
  const unwanted = without.map(matcher);
  const taken: string[] = [];
  const used = new Set<RegExp>();
  for (const entry of entries) {
    const place = placeOf(entry.path, target);
    if (place === null || entry.kind === 'directory') continue;
    const pattern = patterns.find((one) => one.test(place));
    if (pattern) {
      used.add(pattern);
      if (unwanted.some((one) => one.test(place))) continue;
      taken.push(place);
    } else if (place !== document && place !== `${document}/copyright`) continue;
    if (entry.kind === 'file') tree.set(place, file(entry.content, entry.mode & 0o111 ? 0o755 : 0o644));
    else {
      const to = placeOfTarget(entry.path, entry.target, target);
      if (to !== null) tree.set(place, { kind: 'link', target: to });
    }
  }
  const unused = files.filter((_, index) => !used.has(patterns[index] as RegExp));
  if (unused.length > 0) throw new Error(`the package ${name} has nothing like ${unused.join(', ')}`);
  return taken;
}

/** One file of all certificates in the place of many. */
function bundleCertificates(tree: Tree): void {
  const isCertificate = (path: string) => path.startsWith('embedded/share/ca-certificates/');
  const paths = [...tree.keys()].filter(isCertificate).sort();
  const parts = paths.flatMap((path) => fileAt(tree, path)?.content ?? []);
  for (const path of paths) tree.delete(path);
  tree.set('embedded/ssl/certs/cacert.pem', file(Buffer.concat(parts)));
}

/** Libraries that nothing in the tree needs. */
function leaveOutUnused(tree: Tree): void {
  const isLibrary = (path: string) => /^lib\/[^/]+$/.test(path) && path !== 'lib/ld.so';
  const waiting = [...tree.keys()].filter((path) => !isLibrary(path)).concat('lib/ld.so');
  waiting.push(...LOADED_BY_NAME.map((name) => `lib/${name}`).filter((path) => tree.has(path)));
  const kept = new Set<string>();
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (kept.has(path)) continue;
    kept.add(path);
    const node = tree.get(path);
    if (node?.kind === 'link') waiting.push(posix.join(posix.dirname(path), node.target));
    else if (node && isElf(node.content))
      waiting.push(...readElf(node.content).needed.map((name) => `lib/${name}`));
  }
  for (const path of [...tree.keys()]) if (isLibrary(path) && !kept.has(path)) tree.delete(path);
}
