import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emulation } from '../../src/conveyor/emulation.ts';
import type { Platform } from '../../src/oci/platform.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-emulation-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const entry = (name: string, machine: string, { state = 'enabled', flags = 'F' } = {}) =>
  [
    state,
    `interpreter /usr/bin/${name}-static`,
    `flags: ${flags}`,
    'offset 0',
    `magic 7f454c460201010000000000000000000200${machine}00`,
    'mask ffffffffffffff00fffffffffffffffffeffffff',
    '',
  ].join('\n');
const ARM64 = entry('qemu-aarch64', 'b7');

let counter = 0;
/** What the list of the kernel says about a platform. @param files its entries; null: it cannot be seen */
async function asked(
  files: Readonly<Record<string, string>> | null,
  { platform = 'linux/arm64', host = 'linux/amd64' } = {},
): Promise<string> {
  const directory = join(root, `list-${++counter}`);
  const temporary = join(root, `temporary-${counter}`);
  await mkdir(temporary);
  if (files) await mkdir(directory);
  for (const [name, text] of Object.entries({ status: 'enabled\n', register: '', ...files })) {
    if (files) await writeFile(join(directory, name), text);
  }
  const emulator = emulation({
    host: host as Platform,
    directory,
    temporary: async () => temporary,
    unique: () => 'unique',
  });
  try {
    await emulator.require(platform as Platform);
    return 'runs';
  } catch (error) {
    return String(error instanceof Error ? error.message : error);
  } finally {
    expect(await readdir(temporary)).toEqual([]);
  }
}

describe('what runs the programs of another platform', () => {
  it('is this machine itself, for its own and what its processor takes as well', async () => {
    expect(await asked({}, { platform: 'linux/amd64/v3' })).toBe('runs');
    expect(await asked({}, { platform: 'linux/386' })).toBe('runs');
    expect(await asked({ arm64: ARM64 }, { platform: 'linux/arm64', host: 'linux/arm64' })).toBe('runs');
  });

  it('is an emulator that is registered for its programs, and opened already', async () => {
    expect(
      await asked({
        python: 'enabled\ninterpreter /usr/bin/python3\nflags: \nextension .pyc\n',
        arm64: ARM64,
      }),
    ).toBe('runs');
    expect(await asked({ arm64: entry('qemu-aarch64', 'b7', { flags: 'POCF' }) })).toBe('runs');
    expect(await asked({ arm64: ARM64 }, { platform: 'linux/riscv64' })).toMatch(
      'no emulator for riscv64 is registered',
    );
  });

  it.each([
    [{}, 'no emulator for arm64 is registered with the kernel (binfmt_misc)'],
    [{ arm64: entry('qemu-aarch64', 'b7', { state: 'disabled' }) }, 'no emulator for arm64 is registered'],
    [
      { arm64: entry('qemu-aarch64', 'b7', { flags: 'OC' }) },
      'the emulator /usr/bin/qemu-aarch64-static is registered without the flag F',
    ],
    [{ status: 'disabled\n', arm64: ARM64 }, 'are switched off'],
  ])('is missing: %j', async (files, message) => {
    const said = await asked(files);
    expect(said).toContain('commands for linux/arm64 cannot run on this machine, which is linux/amd64: ');
    expect(said).toContain(message);
  });

  it('is found out by trying where the list cannot be seen', async () => {
    // A program of this machine's own processor stands for one that is emulated.
    const own = process.arch === 'x64' ? 'linux/amd64' : `linux/${process.arch}`;
    expect(await asked(null, { platform: own, host: 'linux/other' })).toBe('runs');
    expect(await asked(null, { platform: 'linux/ppc64le' })).toContain(
      'no emulator for ppc64le is registered',
    );
    expect(await asked(null, { platform: 'linux/unheard-of' })).toBe('runs');
  });
});
