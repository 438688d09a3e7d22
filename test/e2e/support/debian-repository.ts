import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Packages of our own, as apt takes them from `/deb ./`. */
export interface PackageRepository {
  /** @param path as in a URL @returns null for what is not there */
  read(path: string): Buffer | null;
  remove(): Promise<void>;
}

/** Each holds one program that greets. */
const NAMES = ['slipway-hello', 'slipway-tool', 'slipway-direct'];

/** Makes it with the tools of Debian; it is not signed. */
export async function debianRepository(): Promise<PackageRepository> {
  const directory = await mkdtemp(join(tmpdir(), 'slipway-packages-'));
  const stanzas: string[] = [];
  for (const name of NAMES) {
    const tree = join(directory, name);
    const control = `Package: ${name}\nVersion: 1.0\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\nDescription: greets\n`;
    await mkdir(join(tree, 'DEBIAN'), { recursive: true });
    await mkdir(join(tree, 'usr/bin'), { recursive: true });
    await writeFile(join(tree, 'DEBIAN/control'), control);
    await writeFile(join(tree, 'usr/bin', name), '#!/bin/sh\necho hello from a package\n', { mode: 0o755 });
    const file = `${name}.deb`;
    execFileSync('dpkg-deb', ['--root-owner-group', '--build', tree, join(directory, file)], {
      stdio: 'pipe',
    });
    const content = readFileSync(join(directory, file));
    const sum = createHash('sha256').update(content).digest('hex');
    stanzas.push(`${control}Filename: ./${file}\nSize: ${content.length}\nSHA256: ${sum}\n`);
  }
  const list = stanzas.join('\n');
  const sum = createHash('sha256').update(list).digest('hex');
  await writeFile(join(directory, 'Packages'), list);
  await writeFile(
    join(directory, 'Release'),
    `Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n ${sum} ${Buffer.byteLength(list)} Packages\n`,
  );
  return {
    read(path) {
      const [, name] = /^\/deb\/(?:\.\/)?([\w.-]+)$/.exec(path) ?? [];
      if (name === undefined) return null;
      try {
        return readFileSync(join(directory, name));
      } catch {
        return null;
      }
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
