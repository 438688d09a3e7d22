import { readFileSync } from 'node:fs';
import { type Check, checksOf, HOSTILE, HOSTILE_FILES } from './checks.ts';
import type { Variant } from './content.ts';
import type { Architecture } from './elf.ts';
import { type Descriptor, readLayout } from './oci.ts';
import { PREFIX, TARGETS } from './prefix.ts';
import { emulationOf, layersOf, openSandbox, place, type Sandbox } from './sandbox.ts';
import { readTar } from './tar.ts';
import type { Tree } from './tree.ts';
import { problemsOf } from './verify-tree.ts';

export interface Verification {
  readonly layout: string;
  readonly image: Descriptor;
  readonly variant: Variant;
  readonly architecture: Architecture;
  readonly host: Architecture;
  /** An OCI layout of further root file systems to run the tools in, beside an empty one; null for none. */
  readonly roots: string | null;
  /** File with tasks to play. */
  readonly playbook: string;
}

/**
 * Runs the tools of an image in root file systems that try to break them; needs root or namespaces of users.
 * @param say told of each check
 * @returns what failed
 */
export function verify(what: Verification, say: (line: string) => void): readonly string[] {
  const layers = layersOf(what.layout, what.image);
  const failures = layers.flatMap((layer) => problemsOf(treeOf(layer), TARGETS[what.architecture]));
  const emulation = emulationOf(what.architecture, what.host);
  for (const [name, below] of rootsOf(what.roots)) {
    const sandbox = openSandbox([...below, ...layers], emulation);
    try {
      for (const [path, content] of Object.entries(HOSTILE_FILES)) place(sandbox, `hostile/${path}`, content);
      place(sandbox, 'playbook.yml', readFileSync(what.playbook, 'utf8'));
      for (const check of checksOf(what.variant, '/playbook.yml')) {
        const failure = attempt(sandbox, check);
        say(`${failure === null ? 'ok    ' : 'FAILED'} in ${name}: ${check.name}`);
        if (failure !== null) failures.push(`in ${name}: ${check.name}: ${failure}`);
      }
    } finally {
      sandbox.close();
    }
  }
  return failures;
}

function attempt(sandbox: Sandbox, { command, prints }: Check): string | null {
  const { status, output } = sandbox.run(command, HOSTILE);
  if (status === 0 && prints.test(output)) return null;
  return `ended with ${status} and printed:\n${output.slice(-3000)}`;
}

function rootsOf(layout: string | null): readonly (readonly [string, readonly Buffer[]])[] {
  const given = layout === null ? [] : readLayout(layout);
  return [
    ['an empty root', []],
    ...given.map((image): readonly [string, readonly Buffer[]] => [
      Object.values(image.annotations ?? {})[0] ?? image.digest,
      layersOf(layout ?? '', image),
    ]),
  ];
}

function treeOf(layer: Buffer): Tree {
  const tree: Tree = new Map();
  for (const entry of readTar(layer)) {
    const path = entry.path.slice(PREFIX.length);
    if (entry.kind === 'file') tree.set(path, entry);
    else if (entry.kind === 'link') tree.set(path, entry);
  }
  return tree;
}
