import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestRegistry } from './registry.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const INDEX = 'application/vnd.oci.image.index.v1+json';

/** Pushes `busybox:latest` of a repository `both`: an index of the program for amd64 and arm64. @returns its reference */
export async function pushBoth(registry: TestRegistry): Promise<string> {
  const layouts = { amd64: scriptLayout(), arm64: scriptLayout('arm64') };
  const manifests = Object.entries(layouts).map(([architecture, layout]) => {
    const reference = `${registry.host}/both:${architecture}`;
    const copy = ['--insecure-policy', 'copy', '-q', '--dest-tls-verify=false'];
    execFileSync('skopeo', [...copy, `oci:${layout}:busybox`, `docker://${reference}`]);
    const raw = execFileSync('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${reference}`]);
    const digest = `sha256:${createHash('sha256').update(raw).digest('hex')}`;
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    return { mediaType, digest, size: raw.length, platform: { os: 'linux', architecture } };
  });
  const answer = await fetch(`http://${registry.host}/v2/both/manifests/latest`, {
    method: 'PUT',
    headers: { 'content-type': INDEX },
    body: JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }),
  });
  if (!answer.ok) throw new Error(`the registry answers ${answer.status} to an index`);
  return `${registry.host}/both:latest`;
}

function scriptLayout(...args: readonly string[]): string {
  return execFileSync('node', ['scripts/test-images.mjs', ...args], { cwd: root, encoding: 'utf8' }).trim();
}

/** An emulator of arm64 that the kernel knows as long as this lasts. */
export interface Emulator {
  /** Process in whose mount namespace the kernel's list of emulators can be seen. */
  readonly pid: number;
  stop(): Promise<void>;
}

const MAGIC = `\\x7fELF\\x02\\x01\\x01${'\\x00'.repeat(9)}\\x02\\x00\\xb7\\x00`;
const MASK = `${'\\xff'.repeat(7)}\\x00${'\\xff'.repeat(8)}\\xfe\\xff\\xff\\xff`;
const PROGRAM = '/usr/bin/qemu-aarch64-static';
const LIST = '/proc/sys/fs/binfmt_misc';

/** Whether this machine lets tests register emulators. A machine that has one of arm64 already shows nothing new. */
export function canEmulate(): boolean {
  if (process.getuid?.() !== 0 || !existsSync(PROGRAM)) return false;
  const script = `mount -t binfmt_misc none ${LIST} && ! grep -qs aarch64 ${LIST}/*`;
  return spawnSync('unshare', ['-m', 'sh', '-c', script]).status === 0;
}

/** @param flags F: the emulator is opened now, and so works in every container; '': it is not */
export async function startEmulator(flags: 'F' | ''): Promise<Emulator> {
  const entry = `:slipway-test:M::${MAGIC}:${MASK}:${PROGRAM}:${flags}`;
  const script = `
    mount -t binfmt_misc none ${LIST}
    printf '%s' '${entry}' >${LIST}/register
    trap 'echo -1 >${LIST}/slipway-test' EXIT
    echo ready
    read -r _`;
  const child = spawn('unshare', ['-m', 'sh', '-eu', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`no emulator could be registered: exit status ${code}`)));
  });
  return { pid: child.pid ?? 0, stop: () => ended(child) };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.stdin?.end('\n');
  });
}
