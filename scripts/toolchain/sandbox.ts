import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Architecture } from './elf.ts';
import { blobAt, type Descriptor } from './oci.ts';

/** A root file system in a directory of its own, to run programs in as root of a container. */
export interface Sandbox {
  readonly directory: string;
  run(command: readonly string[], env: Readonly<Record<string, string>>): Outcome;
  close(): void;
}

export interface Outcome {
  readonly status: number | null;
  /** Standard output and error. */
  readonly output: string;
}

/** Layers of an image, uncompressed, from the lowest. */
export function layersOf(layout: string, image: Descriptor): readonly Buffer[] {
  const manifest = JSON.parse(readFileSync(blobAt(layout, image.digest), 'utf8')) as {
    layers: readonly Descriptor[];
  };
  return manifest.layers.map(({ digest }) => gunzipSync(readFileSync(blobAt(layout, digest))));
}

/**
 * Mounts what build containers have, below the directory that is the first argument, and runs the rest there; the second
 * tells the kernel how to run programs of another architecture.
 */
const ENTER = `set -eu
root=$1 emulation=$2
shift 2
if [ -n "$emulation" ]; then
  mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
  printf %s "$emulation" >/proc/sys/fs/binfmt_misc/register
fi
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc" 2>/dev/null || mount --rbind /proc "$root/proc"
exec /usr/sbin/chroot "$root" /.werf/stapel/embedded/bin/bash -c 'exec /.werf/stapel/embedded/bin/env -i "$@"' env "$@"`;

/**
 * Unpacks layers on top of each other; whiteouts are not understood.
 * @param emulation null when this machine runs the programs itself
 */
export function openSandbox(layers: readonly Buffer[], emulation: string | null): Sandbox {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-stapel-root-'));
  for (const layer of layers)
    execFileSync('tar', ['-C', directory, '--no-same-owner', '--exclude=./dev/*', '-xpf', '-'], {
      input: layer,
    });
  for (const name of ['dev', 'proc', 'tmp', 'var/tmp', 'root'])
    mkdirSync(join(directory, name), { recursive: true });
  execFileSync('chmod', ['1777', join(directory, 'tmp'), join(directory, 'var', 'tmp')]);
  // What emulates belongs to the namespace: the machine itself is not changed.
  const needsUser = process.getuid?.() !== 0 || emulation !== null;
  const namespaces = [...(needsUser ? ['--user', '--map-root-user'] : []), '--mount', '--pid', '--fork'];
  return {
    directory,
    run(command, env) {
      const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
      const enter = ['--kill-child', 'sh', '-c', ENTER, 'sh', directory, emulation ?? ''];
      const { status, stdout, stderr } = spawnSync(
        'unshare',
        [...namespaces, ...enter, ...variables, ...command],
        {
          encoding: 'utf8',
          env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin' },
        },
      );
      return { status, output: `${stdout}${stderr}` };
    },
    close: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Puts a file that a check needs into the sandbox. */
export function place(sandbox: Sandbox, path: string, content: string): void {
  const full = join(sandbox.directory, path);
  mkdirSync(join(full, '..'), { recursive: true });
  writeFileSync(full, content);
}

const MACHINES = { amd64: ['x86_64', '3e'], arm64: ['aarch64', 'b7'] } as const;

/**
 * What tells the kernel (6.7 or newer, within a namespace) to run programs of an architecture by qemu; null when this
 * machine runs them itself.
 * @throws Error when there is no qemu for it
 */
export function emulationOf(architecture: Architecture, host: Architecture): string | null {
  if (architecture === host) return null;
  const [name, machine] = MACHINES[architecture];
  const qemu = `/usr/bin/qemu-${name}-static`;
  if (!existsSync(qemu))
    throw new Error(`${qemu} is missing: install qemu-user-static to run programs for ${architecture}`);
  const magic = `\\x7fELF\\x02\\x01\\x01${'\\x00'.repeat(9)}\\x02\\x00\\x${machine}\\x00`;
  const mask = `${'\\xff'.repeat(7)}\\x00${'\\xff'.repeat(8)}\\xfe\\xff\\xff\\xff`;
  return `:stapel:M::${magic}:${mask}:${qemu}:F`;
}
