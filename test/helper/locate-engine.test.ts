import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { locateEngine } from '../../src/helper/locate-engine.ts';
import { temporaryDirectory } from './scripted.ts';

async function executable(...parts: string[]): Promise<string> {
  const path = join(...parts);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, '#!/bin/sh\n');
  await chmod(path, 0o755);
  return path;
}

async function installed(root: string): Promise<string> {
  const folder = join(root, 'node_modules', 'slipway-engine-linux-x64');
  const path = await executable(folder, 'slipway-engine');
  await writeFile(join(folder, 'package.json'), '{"name":"slipway-engine-linux-x64","version":"0.1.0"}');
  return path;
}

function search(root: string, over: { override?: string; cwd?: string; architecture?: string } = {}) {
  const program = join(root, 'dist', 'slipway.js');
  return locateEngine({ override: '', cwd: '/', architecture: 'x64', program, ...over });
}

describe('the engine is looked for', () => {
  it('where SLIPWAY_ENGINE says, before anywhere else', async () => {
    const root = await temporaryDirectory();
    await installed(root);
    const own = await executable(root, 'own', 'engine');
    expect(await search(root, { override: own })).toBe(own);
    expect(await search(root, { override: 'own/engine', cwd: root })).toBe(own);
  });

  it('in the platform package, before the checkout', async () => {
    const root = await temporaryDirectory();
    await executable(root, 'native', 'build', 'slipway-engine');
    const path = await installed(root);
    expect(await search(root)).toBe(path);
  });

  it("in the checkout's build", async () => {
    const root = await temporaryDirectory();
    await installed(root);
    const path = await executable(root, 'native', 'build', 'slipway-engine');
    expect(await search(root, { architecture: 'arm64' })).toBe(path);
  });

  it('and, if it is nowhere, the places and what to do are named', async () => {
    const root = await temporaryDirectory();
    await expect(search(root)).rejects.toMatchObject({
      code: 'ENGINE_NOT_FOUND',
      message: expect.stringMatching(
        /tried .*native\/build\/slipway-engine, the package slipway-engine-linux-x64$/,
      ),
      hint: expect.stringContaining('scripts/setup'),
    });
  });

  it('nowhere else when SLIPWAY_ENGINE names no program', async () => {
    const root = await temporaryDirectory();
    await installed(root);
    const folder = join(root, 'node_modules');
    await expect(search(root, { override: folder })).rejects.toMatchObject({
      code: 'ENGINE_NOT_FOUND',
      message: `slipway-engine was not found: tried ${folder}`,
      hint: 'SLIPWAY_ENGINE must name the program slipway-engine',
    });
  });
});
