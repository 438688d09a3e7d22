import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildImage, buildTree, imageName, packagesOf } from './build.ts';
import type { Variant } from './content.ts';
import { download, PackagesGone } from './download.ts';
import type { Architecture } from './elf.ts';
import { HOST_PACKAGES, hostArchitecture, openHostTools } from './host-tools.ts';
import { type Lock, lockedPackage, parseLock } from './lock.ts';
import { type Mirror, snapshotAt } from './mirror.ts';

export interface Order {
  readonly architectures: readonly Architecture[];
  readonly variants: readonly Variant[];
  /** Text of the lock. */
  readonly lock: string;
  /** Makes a lock of what the mirror has now, for when it has a package no longer; null when that is an error. */
  readonly current: (() => Lock) | null;
  readonly mirror: Mirror;
  /** Directory of what was downloaded and made. */
  readonly cache: string;
}

/** A file of this name stands in a layout whose images are not made of the lock. */
export const NOT_LOCKED = 'not-of-the-lock';

/**
 * Puts the images that were ordered into an OCI layout.
 * @param say told the name and digest of each
 * @throws PackagesGone when the mirror has a package of the lock no longer, and nothing else will do
 */
export async function makeImages(order: Order, layout: string, say: (line: string) => void): Promise<void> {
  const lock = parseLock(order.lock);
  try {
    await makeLocked(order, lock, [order.mirror, snapshotAt(lock.date)], layout, say);
  } catch (error) {
    if (!(error instanceof PackagesGone) || !order.current) throw error;
    process.stderr.write(`stapel: ${error.message}; taking what the mirror has now\n`);
    await makeLocked(order, order.current(), [order.mirror], layout, say);
    writeFileSync(join(layout, NOT_LOCKED), '');
  }
}

async function makeLocked(
  { architectures, variants, cache }: Order,
  lock: Lock,
  mirrors: readonly Mirror[],
  layout: string,
  say: (line: string) => void,
): Promise<void> {
  const host = hostArchitecture();
  const get = (names: readonly string[], architecture: Architecture) =>
    download(
      names.map((name) => lockedPackage(lock, name, architecture)),
      mirrors,
      cache,
    );
  const tools = openHostTools(host, await get(HOST_PACKAGES, host));
  try {
    for (const architecture of architectures) {
      for (const variant of variants) {
        const debs = await get(packagesOf(variant), architecture);
        const tree = buildTree(variant, architecture, lock, debs, tools);
        const { digest } = buildImage(tree, variant, architecture, lock.date, layout, tools);
        say(`${imageName(variant, architecture)} ${digest}`);
      }
    }
  } finally {
    tools.close();
  }
}

/**
 * The layout with what was ordered, made once for each lock and program.
 * @param key another one for every change of the program
 */
export async function cachedLayout(order: Order, key: string): Promise<string> {
  const wanted = JSON.stringify([key, order.lock, order.architectures, order.variants]);
  const layout = join(
    order.cache,
    `layout-${createHash('sha256').update(wanted).digest('hex').slice(0, 16)}`,
  );
  if (existsSync(join(layout, 'index.json'))) return layout;
  mkdirSync(order.cache, { recursive: true });
  const made = mkdtempSync(join(order.cache, 'new-'));
  try {
    await makeImages(order, made, () => {});
    rmSync(layout, { recursive: true, force: true });
    renameSync(made, layout);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  return layout;
}
