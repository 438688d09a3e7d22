import { readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { imageName, packagesOf } from './build.ts';
import type { Variant } from './content.ts';
import type { Architecture } from './elf.ts';
import { HOST_PACKAGES, hostArchitecture } from './host-tools.ts';
import { formatLock, type Lock, parseLock, sourcesOf } from './lock.ts';
import { currentLock } from './lock-update.ts';
import { cachedLayout, makeImages, type Order } from './make-images.ts';
import { machineMirror, mirrorAt } from './mirror.ts';
import { findImage } from './oci.ts';
import { pushIndex } from './push.ts';
import { openRegistry, parseRepository } from './registry-client.ts';
import { verify } from './verify.ts';

const SUITE = 'bookworm';
const VERSION = '1';
const ARCHITECTURES = ['amd64', 'arm64'] as const;
const VARIANTS = ['base', 'ansible'] as const;

const HELP = `Makes the images that hold the tools of Stapel stages, from Debian packages.

scripts/stapel lock                    writes the lock anew: the newest versions of all packages
scripts/stapel build --oci DIRECTORY   puts images into an OCI layout
    --or-current                       takes what the mirror has now when it has a package of the lock no longer
scripts/stapel cached                  makes the images for this machine once and prints where their OCI layout is
scripts/stapel verify --oci DIRECTORY  runs what is in the images, where nothing else is and where the environment is hostile
    --roots DIRECTORY                  also in the file systems of the images of this OCI layout
scripts/stapel push --oci DIRECTORY --to REPOSITORY[:VERSION]
                                       copies all images of the layout into a registry, by default as version ${VERSION}:
                                       the base images as VERSION, those with Ansible as VERSION-ansible
scripts/stapel sources                 lists the source packages of the lock, as apt-get source takes them

    --arch amd64|arm64|all             of build and verify; default: this machine's
    --variant base|ansible|all         of build and verify; default: all
    --mirror ADDRESS                   of debian/ and debian-security/; default: where this machine's apt gets them

SLIPWAY_STAPEL_CACHE is the directory of what was downloaded and made, by default ~/.cache/slipway/stapel.
`;

const OPTIONS = {
  arch: { type: 'string' },
  variant: { type: 'string' },
  oci: { type: 'string' },
  mirror: { type: 'string' },
  to: { type: 'string' },
  roots: { type: 'string' },
  'or-current': { type: 'boolean' },
} as const;

type Options = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

export interface Program {
  /** Holds the lock and the playbook. */
  readonly directory: string;
  /** Another one for every change of the program. */
  readonly key: string;
}

/** @returns the exit code */
export async function main(args: readonly string[], program: Program): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    switch (positionals[0]) {
      case 'lock':
        writeLock(program, values);
        return 0;
      case 'build':
        await makeImages(orderOf(program, values), oci(values), say);
        return 0;
      case 'cached':
        say(await cachedLayout(orderOf(program, { ...values, 'or-current': true }), program.key));
        return 0;
      case 'verify':
        return check(program, values);
      case 'sources':
        for (const line of sourcesOf(parseLock(readFileSync(lockFile(program), 'utf8')))) say(line);
        return 0;
      case 'push':
        await push(values);
        return 0;
      default:
        process.stdout.write(HELP);
        return positionals[0] === 'help' ? 0 : 2;
    }
  } catch (error) {
    process.stderr.write(`stapel: ${error instanceof Error ? error.message : error}\n`);
    if (process.env['SLIPWAY_STAPEL_TRACE']) console.error(error);
    return 1;
  }
}

const say = (line: string) => void process.stdout.write(`${line}\n`);

const lockFile = ({ directory }: Program) => join(directory, `${SUITE}.lock`);

function newLock({ mirror }: Options): Lock {
  const names = [...new Set([...packagesOf('ansible'), ...packagesOf('base'), ...HOST_PACKAGES])];
  return currentLock(SUITE, names, mirror ? mirrorAt(mirror) : machineMirror(SUITE));
}

function writeLock(program: Program, options: Options): void {
  const lock = newLock(options);
  writeFileSync(lockFile(program), formatLock(lock));
  say(`${lock.packages.length} packages of ${SUITE} are locked`);
}

function chosen<T extends string>(
  value: string | undefined,
  all: readonly T[],
  usual: readonly T[],
): readonly T[] {
  if (value === undefined) return usual;
  if (value === 'all') return all;
  const found = all.find((one) => one === value);
  if (!found) throw new Error(`${value} is none of ${all.join(', ')}, all`);
  return [found];
}

const architecturesOf = ({ arch }: Options) =>
  chosen<Architecture>(arch, ARCHITECTURES, [hostArchitecture()]);
const variantsOf = ({ variant }: Options) => chosen<Variant>(variant, VARIANTS, VARIANTS);

function oci(options: Options): string {
  if (!options.oci) throw new Error('name the directory of the OCI layout: --oci DIRECTORY');
  return options.oci;
}

function orderOf(program: Program, options: Options): Order {
  return {
    architectures: architecturesOf(options),
    variants: variantsOf(options),
    lock: readFileSync(lockFile(program), 'utf8'),
    current: options['or-current'] ? () => newLock(options) : null,
    mirror: options.mirror ? mirrorAt(options.mirror) : machineMirror(SUITE),
    cache: process.env['SLIPWAY_STAPEL_CACHE'] ?? join(homedir(), '.cache', 'slipway', 'stapel'),
  };
}

function check({ directory }: Program, options: Options): number {
  const layout = oci(options);
  const host = hostArchitecture();
  const failures: string[] = [];
  for (const architecture of architecturesOf(options)) {
    for (const variant of variantsOf(options)) {
      const name = imageName(variant, architecture);
      const image = findImage(layout, name);
      if (!image)
        throw new Error(`${layout} holds no ${name}: make it with scripts/stapel build --oci ${layout}`);
      const playbook = join(directory, 'verify.yml');
      const what = { layout, image, variant, architecture, host, roots: options.roots ?? null, playbook };
      failures.push(...verify(what, (line) => say(`${name}: ${line}`)).map((one) => `${name}: ${one}`));
    }
  }
  for (const failure of failures) process.stderr.write(`${failure}\n`);
  return failures.length === 0 ? 0 : 1;
}

async function push(options: Options): Promise<void> {
  const layout = oci(options);
  if (!options.to) throw new Error('name where to push: --to REPOSITORY[:VERSION]');
  const repository = parseRepository(options.to);
  const registry = openRegistry(repository);
  const version = repository.tag ?? VERSION;
  const tags = { base: version, ansible: `${version}-ansible` };
  let pushed = 0;
  for (const variant of VARIANTS) {
    const images = ARCHITECTURES.flatMap(
      (architecture) => findImage(layout, imageName(variant, architecture)) ?? [],
    );
    if (images.length === 0) continue;
    pushed++;
    const digest = await pushIndex(registry, layout, images, tags[variant]);
    say(`${repository.host}/${repository.path}:${tags[variant]} ${digest}`);
  }
  if (pushed === 0)
    throw new Error(`${layout} holds no image: make them with scripts/stapel build --oci ${layout}`);
}
