import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packagesOf } from '../../scripts/toolchain/build.ts';
import { download, PackagesGone } from '../../scripts/toolchain/download.ts';
import { HOST_PACKAGES } from '../../scripts/toolchain/host-tools.ts';
import {
  formatLock,
  type LockedPackage,
  lockedPackage,
  parseLock,
  sourcesOf,
} from '../../scripts/toolchain/lock.ts';
import { parseStanza } from '../../scripts/toolchain/lock-update.ts';
import { addressOf, mirrorAt, snapshotAt } from '../../scripts/toolchain/mirror.ts';

const committed = readFileSync(new URL('../../scripts/toolchain/bookworm.lock', import.meta.url), 'utf8');

describe('the committed lock', () => {
  it('is as it is written, with no address in it', () => {
    expect(formatLock(parseLock(committed))).toBe(committed);
    expect(committed).not.toContain('://');
  });

  it('names the sources of all packages', () => {
    const lock = parseLock(committed);
    const sources = sourcesOf(lock);
    expect(sources.filter((one) => one.startsWith('glibc='))).toHaveLength(1);
    expect(sources).toEqual([...new Set(sources)].sort());
  });

  it('holds all packages for both architectures, and no others', () => {
    const lock = parseLock(committed);
    const names = new Set([...packagesOf('ansible'), ...packagesOf('base'), ...HOST_PACKAGES]);
    for (const name of names)
      for (const architecture of ['amd64', 'arm64'] as const) lockedPackage(lock, name, architecture);
    expect(new Set(lock.packages.map(({ name }) => name))).toEqual(names);
  });
});

describe('a lock', () => {
  it('tells the line that is no package', () => {
    expect(() => parseLock('suite x\ndate 2026-01-01T00:00:00Z\nbash amd64\n')).toThrow(
      'line 3 of the lock is no package: bash amd64',
    );
    const outside = committed.replace(/pool\/main\//, 'pool/../');
    expect(() => parseLock(outside)).toThrow(/is no package/);
    expect(() => parseLock('# nothing\n')).toThrow('the lock names no suite or no date');
  });

  it('tells which package it lacks', () => {
    expect(() => lockedPackage(parseLock(committed), 'emacs', 'amd64')).toThrow(
      /^the lock lacks the package emacs/,
    );
  });

  it('takes the source package from the index, where it differs from the package', () => {
    const stanza = (source: string) =>
      `Package: b\n${source}Version: 1-2+b1\nArchitecture: amd64\nFilename: pool/main/b/b.deb\nSize: 7\nSHA256: ${'0'.repeat(64)}\nDescription: text\n more\n`;
    expect(parseStanza(stanza(''))).toMatchObject({ source: 'b', sourceVersion: '1-2+b1', size: 7 });
    expect(parseStanza(stanza('Source: c\n'))).toMatchObject({ source: 'c', sourceVersion: '1-2+b1' });
    expect(parseStanza(stanza('Source: c (1-2)\n'))).toMatchObject({ source: 'c', sourceVersion: '1-2' });
    expect(() => parseStanza('Package: b\n')).toThrow(/has no Version/);
  });
});

it('packages have their addresses in the archive, in that of security updates, and in the snapshots', () => {
  const mirror = mirrorAt('http://mirror.example/');
  expect(addressOf(mirror, 'pool/main/b/b.deb')).toBe('http://mirror.example/debian/pool/main/b/b.deb');
  expect(addressOf(mirror, 'pool/updates/main/b/b.deb')).toBe(
    'http://mirror.example/debian-security/pool/updates/main/b/b.deb',
  );
  expect(addressOf(snapshotAt(1_767_225_600), 'pool/main/b/b.deb')).toBe(
    'https://snapshot.debian.org/archive/debian/20260101T000000Z/pool/main/b/b.deb',
  );
});

describe('packages', () => {
  const content = Buffer.from('a package');
  const one: LockedPackage = {
    name: 'one',
    architecture: 'all',
    version: '1',
    source: 'one',
    sourceVersion: '1',
    size: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    path: 'pool/main/o/one.deb',
  };
  let server: Server;
  let cache: string;
  let address: string;
  const served = new Map<string, Buffer>();
  const requests: string[] = [];
  beforeAll(async () => {
    cache = mkdtempSync(join(tmpdir(), 'slipway-packages-'));
    server = createServer((request, response) => {
      requests.push(request.url ?? '');
      const body = served.get(request.url ?? '');
      response.writeHead(body ? 200 : 404).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const bound = server.address();
    address = `http://127.0.0.1:${bound && typeof bound === 'object' ? bound.port : 0}`;
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(cache, { recursive: true, force: true });
  });

  it('that are not what the lock pins are refused and not kept', async () => {
    served.set('/other/debian/pool/main/o/one.deb', Buffer.from('b package'));
    await expect(download([one], [mirrorAt(`${address}/other`)], cache)).rejects.toThrow(PackagesGone);
    await expect(download([one], [mirrorAt(`${address}/other`)], cache)).rejects.toThrow(
      'could not download one 1 as the lock pins them',
    );
    expect(readdirSync(cache)).toEqual([]);
  });

  it('come from the first mirror that has them, and then from the cache', async () => {
    served.set('/debian/pool/main/o/one.deb', content);
    const mirrors = [mirrorAt(`${address}/empty`), mirrorAt(address)];
    expect((await download([one], mirrors, cache)).get('one')).toEqual(content);
    const before = requests.length;
    expect((await download([one], mirrors, cache)).get('one')).toEqual(content);
    expect(requests.length).toBe(before);
  });
});
