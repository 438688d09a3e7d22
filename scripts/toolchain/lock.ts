import type { Architecture } from './elf.ts';

/** A package of the lock: what Debian's signed index says of it. */
export interface LockedPackage {
  readonly name: string;
  readonly architecture: Architecture | 'all';
  readonly version: string;
  readonly source: string;
  readonly sourceVersion: string;
  /** Bytes of the package's file. */
  readonly size: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  /** Of the file in the archive: `pool/…`, or `pool/updates/…` in the archive of security updates. */
  readonly path: string;
}

export interface Lock {
  /** `bookworm`. */
  readonly suite: string;
  /** Unix seconds: when the newest index was signed; the date of everything in the images. */
  readonly date: number;
  /** Sorted by name, then architecture. */
  readonly packages: readonly LockedPackage[];
}

const HEAD = `# Debian packages that the toolchain images are made of, as the signed indexes of the suite list them.
# Written by scripts/stapel lock. Columns: name, architecture, version, source package, its version, bytes, SHA-256, path.
`;

const LINE =
  /^([a-z0-9][a-z0-9+.-]*) (amd64|arm64|all) (\S+) ([a-z0-9][a-z0-9+.-]*) (\S+) (\d+) ([0-9a-f]{64}) (pool\/\S+\.deb)$/;

/** @throws Error naming the line that is no package */
export function parseLock(text: string): Lock {
  const packages: LockedPackage[] = [];
  let suite: string | undefined;
  let date: number | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const [, key, value = ''] = /^(suite|date) (\S+)$/.exec(line) ?? [];
    if (key === 'suite') suite = value;
    else if (key === 'date') date = Date.parse(value) / 1000;
    else packages.push(parseLine(line, index + 1));
  }
  if (suite === undefined || date === undefined || !Number.isInteger(date))
    throw new Error('the lock names no suite or no date');
  return { suite, date, packages };
}

function parseLine(line: string, number: number): LockedPackage {
  const match = LINE.exec(line);
  if (!match || line.includes('/../')) throw new Error(`line ${number} of the lock is no package: ${line}`);
  const [
    ,
    name = '',
    architecture,
    version = '',
    source = '',
    sourceVersion = '',
    size,
    sha256 = '',
    path = '',
  ] = match;
  return {
    name,
    architecture: architecture as LockedPackage['architecture'],
    version,
    source,
    sourceVersion,
    size: Number(size),
    sha256,
    path,
  };
}

export function formatLock({ suite, date, packages }: Lock): string {
  const lines = packages.map((one) =>
    [
      one.name,
      one.architecture,
      one.version,
      one.source,
      one.sourceVersion,
      one.size,
      one.sha256,
      one.path,
    ].join(' '),
  );
  const signed = new Date(date * 1000).toISOString().replace('.000Z', 'Z');
  return `${HEAD}suite ${suite}\ndate ${signed}\n${[...new Set(lines)].sort().join('\n')}\n`;
}

/** The package of this name for an architecture. @throws Error when the lock lacks it */
export function lockedPackage(lock: Lock, name: string, architecture: Architecture): LockedPackage {
  const found = lock.packages.find(
    (one) => one.name === name && (one.architecture === architecture || one.architecture === 'all'),
  );
  if (!found)
    throw new Error(
      `the lock lacks the package ${name} for ${architecture}: write it anew with scripts/stapel lock`,
    );
  return found;
}

/** Source packages as `name=version`, sorted, each once. */
export function sourcesOf({ packages }: Lock): readonly string[] {
  return [...new Set(packages.map(({ source, sourceVersion }) => `${source}=${sourceVersion}`))].sort();
}
