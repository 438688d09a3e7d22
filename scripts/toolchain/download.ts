import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LockedPackage } from './lock.ts';
import { addressOf, type Mirror } from './mirror.ts';

const APT_HELPER = '/usr/lib/apt/apt-helper';

/** The mirrors hold versions no longer that the lock pins, as they do once a newer version is out. */
export class PackagesGone extends Error {}

/**
 * Packages by name, from the cache or else from the first mirror that has them; each checked against the lock.
 * @param cache a directory, made when missing; files in it are named by their SHA-256
 * @throws PackagesGone when no mirror has one of them as the lock pins it
 */
export async function download(
  packages: readonly LockedPackage[],
  mirrors: readonly Mirror[],
  cache: string,
): Promise<ReadonlyMap<string, Buffer>> {
  mkdirSync(cache, { recursive: true });
  const cached = (one: LockedPackage) => join(cache, `${one.sha256}.deb`);
  const isThere = (one: LockedPackage) => existsSync(cached(one));
  let reason: unknown;
  for (const mirror of mirrors) {
    const missing = packages.filter((one) => !isThere(one));
    if (missing.length === 0) break;
    const work = mkdtempSync(join(cache, 'new-'));
    try {
      await fetchAll(missing, mirror, work);
    } catch (error) {
      reason = error;
    } finally {
      for (const one of missing) {
        const file = join(work, one.sha256);
        if (existsSync(file) && isRight(one, readFileSync(file))) renameSync(file, cached(one));
      }
      rmSync(work, { recursive: true, force: true });
    }
  }
  const missing = packages.filter((one) => !isThere(one));
  if (missing.length > 0) {
    const names = missing.map((one) => `${one.name} ${one.version}`).join(', ');
    throw new PackagesGone(`could not download ${names} as the lock pins them`, { cause: reason });
  }
  return new Map(
    packages.map((one) => {
      const content = readFileSync(cached(one));
      if (!isRight(one, content)) {
        rmSync(cached(one));
        throw new Error(`${cached(one)} was not ${one.path}: it is removed, run this again`);
      }
      return [one.name, content];
    }),
  );
}

function isRight(one: LockedPackage, content: Buffer): boolean {
  return content.length === one.size && createHash('sha256').update(content).digest('hex') === one.sha256;
}

/** Into files named by their SHA-256: by apt, which knows this machine's proxies, where there is one. */
async function fetchAll(packages: readonly LockedPackage[], mirror: Mirror, to: string): Promise<void> {
  if (existsSync(APT_HELPER)) {
    const args = packages.flatMap((one) => [
      addressOf(mirror, one.path),
      join(to, one.sha256),
      `SHA256:${one.sha256}`,
    ]);
    const options = ['-qq', '-o', 'APT::Sandbox::User=', '-o', 'Acquire::Retries=1'];
    await promisify(execFile)(APT_HELPER, [...options, 'download-file', ...args]);
    return;
  }
  const waiting = [...packages];
  const worker = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      const address = addressOf(mirror, one.path);
      const response = await fetch(address);
      if (!response.ok) throw new Error(`${address} answers ${response.status}`);
      writeFileSync(join(to, one.sha256), Buffer.from(await response.arrayBuffer()));
    }
  };
  await Promise.all(Array.from({ length: 6 }, worker));
}
