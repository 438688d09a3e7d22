import { spawn } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../diagnostics/user-error.ts';
import type { Platform } from '../oci/platform.ts';
import { type ForeignProgram, foreignProgram, RAN } from './foreign-program.ts';

/** Whether this machine runs the programs of other platforms. */
export interface Emulation {
  /** @throws UserError EMULATION_MISSING saying how to set it up */
  require(platform: Platform): Promise<void>;
}

export interface EmulationParts {
  readonly host: Platform;
  /** Where the kernel lists its emulators, such as /proc/sys/fs/binfmt_misc. */
  readonly directory: string;
  /** A directory of this run. */
  readonly temporary: () => Promise<string>;
  readonly unique: () => string;
}

export const BINFMT_DIRECTORY = '/proc/sys/fs/binfmt_misc';

type State =
  | { readonly kind: 'runs' | 'missing' | 'off' }
  /** Registered in a way that build containers have nothing of. */
  | { readonly kind: 'not-fixed'; readonly interpreter: string };

/** Finds out once for each platform. */
export function emulation(parts: EmulationParts): Emulation {
  const known = new Map<Platform, Promise<State>>();
  return {
    async require(platform) {
      if (isNative(parts.host, platform)) return;
      const state = known.get(platform) ?? stateOf(parts, platform);
      known.set(platform, state);
      const problem = problemOf(await state, platform, parts.host);
      if (problem) throw problem;
    },
  };
}

/** Variants say what programs may use of a processor, not whether it takes them. */
function isNative(host: Platform, platform: Platform): boolean {
  const [own, wanted] = [machineOf(host), machineOf(platform)];
  return own === wanted || (own === 'linux/amd64' && wanted === 'linux/386');
}

function machineOf(platform: Platform): string {
  return platform.split('/').slice(0, 2).join('/');
}

async function stateOf(parts: EmulationParts, platform: Platform): Promise<State> {
  const program = foreignProgram(platform);
  // Whether others run is told by the first command.
  if (!program) return { kind: 'runs' };
  const status = await readFile(join(parts.directory, 'status'), 'utf8').catch(() => null);
  // In many containers the list cannot be seen, and yet applies.
  if (status === null) return await tryOut(parts, program);
  if (status.trim() !== 'enabled') return { kind: 'off' };
  const names = (await readdir(parts.directory)).filter((name) => name !== 'status' && name !== 'register');
  const texts = await Promise.all(
    names.map((name) => readFile(join(parts.directory, name), 'utf8').catch(() => '')),
  );
  const fitting = texts.map(readEntry).filter((entry) => entry !== null && takes(entry, program.content));
  if (fitting.some((entry) => entry?.flags.includes('F'))) return { kind: 'runs' };
  const [first] = fitting;
  return first ? { kind: 'not-fixed', interpreter: first.interpreter } : { kind: 'missing' };
}

interface Entry {
  readonly interpreter: string;
  readonly flags: string;
  readonly offset: number;
  readonly magic: Buffer;
  readonly mask: Buffer | null;
}

/** @returns null for one that is off, or goes by the name of a file */
function readEntry(text: string): Entry | null {
  const lines = text.split('\n');
  const value = (name: string) =>
    lines.find((line) => line.startsWith(`${name} `) || line.startsWith(`${name}: `))?.split(' ')[1] ?? '';
  const magic = value('magic');
  if (lines[0] !== 'enabled' || magic === '') return null;
  const mask = value('mask');
  return {
    interpreter: value('interpreter'),
    flags: value('flags'),
    offset: Number(value('offset') || 0),
    magic: Buffer.from(magic, 'hex'),
    mask: mask === '' ? null : Buffer.from(mask, 'hex'),
  };
}

function takes({ offset, magic, mask }: Entry, program: Buffer): boolean {
  return magic.every((byte, i) => {
    const bits = mask?.[i] ?? 0xff;
    return ((program[offset + i] ?? 0) & bits) === (byte & bits);
  });
}

async function tryOut({ temporary, unique }: EmulationParts, program: ForeignProgram): Promise<State> {
  if (!program.runs) return { kind: 'runs' };
  const file = join(await temporary(), `foreign-${unique()}`);
  try {
    await writeFile(file, program.content, { mode: 0o700 });
    const status = await statusOf(file);
    // Programs may not be run there at all: then this says nothing.
    return { kind: status === RAN || status === 'refused' ? 'runs' : 'missing' };
  } finally {
    await rm(file, { force: true });
  }
}

function statusOf(file: string): Promise<number | 'refused' | null> {
  return new Promise((resolve) => {
    const child = spawn(file, [], { stdio: 'ignore' });
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'EACCES' ? 'refused' : null),
    );
    child.once('exit', (code) => resolve(code));
  });
}

const HOW = 'docs/platforms.md says how in containers, pods and WSL2';

function problemOf(state: State, platform: Platform, host: Platform): UserError | null {
  const architecture = platform.split('/')[1] ?? platform;
  const cannot = `commands for ${platform} cannot run on this machine, which is ${host}`;
  const fail = (why: string, hint: string) =>
    new UserError('EMULATION_MISSING', `${cannot}: ${why}`, { hint });
  switch (state.kind) {
    case 'runs':
      return null;
    case 'off':
      return fail(
        "the kernel's emulators (binfmt_misc) are switched off",
        `as root: echo 1 >${BINFMT_DIRECTORY}/status`,
      );
    case 'missing':
      return fail(
        `no emulator for ${architecture} is registered with the kernel (binfmt_misc)`,
        `as root on the machine itself: apt-get install qemu-user-static binfmt-support, or: docker run --privileged --rm tonistiigi/binfmt --install ${architecture}; ${HOW}`,
      );
    case 'not-fixed':
      return fail(
        `the emulator ${state.interpreter} is registered without the flag F, so build containers would have to hold it themselves`,
        `register it anew with the flag F, as qemu-user-static of Debian and tonistiigi/binfmt do: docker run --privileged --rm tonistiigi/binfmt --install ${architecture}; ${HOW}`,
      );
  }
}
