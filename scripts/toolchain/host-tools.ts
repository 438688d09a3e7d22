import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { type Content, libraries } from './content-shape.ts';
import type { Architecture } from './elf.ts';
import { fill } from './fill.ts';
import { PREFIX, TARGETS } from './prefix.ts';
import { file, type Tree, writeTree } from './tree.ts';

/**
 * Programs of the locked packages that run on this machine: what they make is the same on every machine, which what the
 * machine's own programs make is not.
 */
export interface HostTools {
  /** Compiled forms of Python's files, by the path of the compiled form; equal files give equal ones on every machine. */
  compile(files: Tree): Tree;
  gzip(content: Buffer): Buffer;
  close(): void;
}

const PYTHON = 'embedded/lib/python3.11/**';

const CONTENTS: readonly Content[] = [
  { package: 'gzip', files: ['embedded/bin/gzip'] },
  { package: 'python3.11-minimal', files: ['embedded/bin/python3.11'] },
  { package: 'libpython3.11-minimal', files: [PYTHON] },
  { package: 'libpython3.11-stdlib', files: [PYTHON], without: ['**/sitecustomize.py'] },
  ...libraries('libc6', 'libexpat1', 'zlib1g'),
];

export const HOST_PACKAGES = CONTENTS.map((content) => content.package);

/** @throws Error on a machine that runs no programs of Debian's architectures */
export function hostArchitecture(): Architecture {
  const architecture = ({ x64: 'amd64', arm64: 'arm64' } as const)[process.arch as string];
  if (process.platform !== 'linux' || !architecture)
    throw new Error('the images are made on Linux, on amd64 or arm64');
  return architecture;
}

/** @param debs of HOST_PACKAGES, by name, for this machine's architecture */
export function openHostTools(architecture: Architecture, debs: ReadonlyMap<string, Buffer>): HostTools {
  const root = mkdtempSync(join(tmpdir(), 'slipway-stapel-tools-'));
  writeTree(fill(CONTENTS, debs, TARGETS[architecture]), root);
  const run = (program: string, args: readonly string[], input?: Buffer) =>
    execFileSync(
      join(root, 'lib', 'ld.so'),
      ['--library-path', join(root, 'lib'), join(root, program), ...args],
      {
        // The order of a set is part of what Python compiles it to.
        env: { LC_ALL: 'C', PYTHONHASHSEED: '0', PYTHONHOME: join(root, 'embedded') },
        maxBuffer: 2 ** 30,
        ...(input ? { input } : {}),
      },
    );
  return {
    compile(files) {
      const sources = join(root, 'sources');
      writeTree(files, sources);
      const compileall = ['-S', '-m', 'compileall', '-q', '-j1', '--invalidation-mode', 'unchecked-hash'];
      run('embedded/bin/python3.11', [...compileall, '-s', sources, '-p', PREFIX, sources]);
      const compiled: Tree = new Map();
      for (const path of files.keys()) {
        const { dir, name } = posix.parse(path);
        const place = `${dir}/__pycache__/${name}.cpython-311.pyc`;
        compiled.set(place, file(readFileSync(join(sources, place))));
      }
      rmSync(sources, { recursive: true });
      return compiled;
    },
    gzip: (content) => run('embedded/bin/gzip', ['-6', '-n', '-c'], content),
    close: () => rmSync(root, { recursive: true, force: true }),
  };
}
