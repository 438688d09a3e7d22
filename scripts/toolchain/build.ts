import { ansibleModules } from '../../src/config/reading/ansible-modules.ts';
import { trimCollections } from './collections.ts';
import { confineTree } from './confine-tree.ts';
import { contentOf, linksOf, type Variant } from './content.ts';
import type { Architecture } from './elf.ts';
import { fill } from './fill.ts';
import type { HostTools } from './host-tools.ts';
import { addLaunchers } from './launchers.ts';
import { type Lock, lockedPackage } from './lock.ts';
import { type Descriptor, putImage } from './oci.ts';
import { PREFIX, TARGETS } from './prefix.ts';
import { patchPython } from './python-patches.ts';
import { writeTar } from './tar.ts';
import { entriesOf, file, type Tree } from './tree.ts';
import { problemsOf } from './verify-tree.ts';

/** Names of all packages that a variant is made of, sorted. */
export function packagesOf(variant: Variant): readonly string[] {
  return [...new Set(contentOf(variant).map((one) => one.package))].sort();
}

/**
 * @param debs by package name, for the architecture
 * @throws Error when something of the tree would be taken from outside it
 */
export function buildTree(
  variant: Variant,
  architecture: Architecture,
  lock: Lock,
  debs: ReadonlyMap<string, Buffer>,
  tools: HostTools,
): Tree {
  const target = TARGETS[architecture];
  const tree = fill(contentOf(variant), debs, target, linksOf(variant));
  const changed = [...confineTree(tree, target)];
  if (variant === 'ansible') {
    changed.push(...trimCollections(tree, ansibleModules()));
    changed.push(...patchPython(tree));
    addLaunchers(tree);
    for (const [path, node] of tools.compile(sourcesOf(tree))) tree.set(path, node);
  }
  const packages = packagesOf(variant).map((name) => {
    const { version, source, sourceVersion, sha256 } = lockedPackage(lock, name, architecture);
    return { name, version, source, sourceVersion, sha256 };
  });
  const manifest = {
    name: 'stapel',
    variant,
    architecture,
    suite: lock.suite,
    changed: changed.sort(),
    packages,
  };
  tree.set('manifest.json', file(`${JSON.stringify(manifest, null, 1)}\n`));
  for (const { name } of packages)
    if (!isLicensed(tree, name)) throw new Error(`the package ${name} comes without its copyright file`);
  const problems = problemsOf(tree, target);
  if (problems.length > 0)
    throw new Error(`the tree depends on the image around it:\n${problems.join('\n')}`);
  return tree;
}

/** A package's documents may be those of another one. */
function isLicensed(tree: Tree, name: string): boolean {
  const documents = 'embedded/share/doc';
  const node = tree.get(`${documents}/${name}`);
  return tree.has(`${documents}/${node?.kind === 'link' ? node.target : name}/copyright`);
}

/** Python's files that are imported; modules are read, not imported. */
function sourcesOf(tree: Tree): Tree {
  const isImported = (path: string) =>
    /^embedded\/lib\/.*\.py$/.test(path) && !/\/(ansible|plugins)\/modules\/(?!__init__)/.test(path);
  return new Map([...tree].filter(([path, node]) => node.kind === 'file' && isImported(path)));
}

/** Name of an image in a layout. */
export const imageName = (variant: Variant, architecture: Architecture) => `${variant}-${architecture}`;

/** Writes the image of a tree into an OCI layout. */
export function buildImage(
  tree: Tree,
  variant: Variant,
  architecture: Architecture,
  date: number,
  layout: string,
  tools: HostTools,
): Descriptor {
  const tar = writeTar(entriesOf(tree, PREFIX.slice(1)), date);
  return putImage(layout, imageName(variant, architecture), {
    architecture,
    tar,
    gzip: tools.gzip(tar),
    date,
    entrypoint: [`${PREFIX}/embedded/bin/bash`],
    labels: {
      'org.opencontainers.image.title': `stapel, ${variant}`,
      'org.opencontainers.image.description': 'Tools that run the commands of Stapel stages',
    },
  });
}
