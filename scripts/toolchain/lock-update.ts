import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Architecture } from './elf.ts';
import type { Lock, LockedPackage } from './lock.ts';
import type { Mirror } from './mirror.ts';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * What a suite, its updates and its security updates hold now of the packages named, for both architectures.
 * apt fetches the indexes into a directory of their own, checks their signatures by gpgv with Debian's keyring, and
 * picks the newest version of each package.
 * @throws Error when a signature is wrong, a package is missing, or this machine has no apt
 */
export function currentLock(suite: string, names: readonly string[], mirror: Mirror): Lock {
  if (!existsSync(KEYRING))
    throw new Error(`${KEYRING} is missing: install debian-archive-keyring to check what Debian signed`);
  const work = mkdtempSync(join(tmpdir(), 'slipway-stapel-'));
  try {
    const found = (['amd64', 'arm64'] as const).map((architecture) =>
      indexOf(join(work, architecture), architecture, suite, names, mirror),
    );
    return {
      suite,
      date: Math.max(...found.map(({ date }) => date)),
      packages: found.flatMap(({ packages }) => packages),
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function indexOf(
  root: string,
  architecture: Architecture,
  suite: string,
  names: readonly string[],
  mirror: Mirror,
) {
  mkdirSync(join(root, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(root, 'cache', 'archives', 'partial'), { recursive: true });
  writeFileSync(join(root, 'status'), '');
  const sources = [
    `${mirror.main} ${suite}`,
    `${mirror.main} ${suite}-updates`,
    `${mirror.security} ${suite}-security`,
  ];
  writeFileSync(
    join(root, 'sources.list'),
    sources.map((source) => `deb [signed-by=${KEYRING}] ${source} main\n`).join(''),
  );
  const options = [
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    `Dir::State=${root}`,
    `Dir::State::lists=${join(root, 'lists')}`,
    `Dir::State::status=${join(root, 'status')}`,
    `Dir::Cache=${join(root, 'cache')}`,
    `Dir::Etc::sourcelist=${join(root, 'sources.list')}`,
    'Dir::Etc::sourceparts=/dev/null',
    'Dir::Etc::preferences=/dev/null',
    'Dir::Etc::preferencesparts=/dev/null',
    'APT::Sandbox::User=',
    'APT::Update::Error-Mode=any',
    'Acquire::AllowInsecureRepositories=false',
  ].flatMap((option) => ['-o', option]);
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, [...options, ...args], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  run('apt-get', '-qq', 'update');
  const stanzas = run('apt-cache', 'show', '--no-all-versions', ...names).split(/\n\n+/);
  const packages = stanzas.filter((stanza) => stanza.trim()).map(parseStanza);
  const missing = names.filter((name) => !packages.some((one) => one.name === name));
  if (missing.length > 0)
    throw new Error(`${suite} has no package ${missing.join(', ')} for ${architecture}`);
  return { packages, date: signedAt(join(root, 'lists')) };
}

/** One package of apt's output; the source package stands there only where its name or version differs. */
export function parseStanza(stanza: string): LockedPackage {
  const fields = new Map(
    [...stanza.matchAll(/^([A-Za-z0-9-]+): (.*)$/gm)].map(([, key = '', value = '']) => [key, value]),
  );
  const field = (key: string) => {
    const value = fields.get(key);
    if (value === undefined) throw new Error(`a package of the index has no ${key}: ${stanza.slice(0, 200)}`);
    return value;
  };
  const [, source = field('Package'), sourceVersion = field('Version')] =
    /^(\S+)(?: \((\S+)\))?$/.exec(fields.get('Source') ?? field('Package')) ?? [];
  return {
    name: field('Package'),
    architecture: field('Architecture') as LockedPackage['architecture'],
    version: field('Version'),
    source,
    sourceVersion,
    size: Number(field('Size')),
    sha256: field('SHA256'),
    path: field('Filename'),
  };
}

/** Unix seconds of the newest signature. */
function signedAt(lists: string): number {
  const dates = readdirSync(lists)
    .filter((name) => name.endsWith('InRelease'))
    .map((name) => /^Date: (.*)$/m.exec(readFileSync(join(lists, name), 'utf8'))?.[1] ?? '');
  return Math.max(...dates.map((date) => Date.parse(date) / 1000));
}
