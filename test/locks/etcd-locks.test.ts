import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../helper/scripted.ts';
import { certificates } from './support/certificates.ts';
import { type EtcdOptions, etcdProcess, freePort } from './support/etcd-process.ts';
import { type LockPlace, locksAt } from './support/lock-place.ts';
import { SHORT_LEASES } from './support/test-times.ts';

const never = new AbortController().signal;

async function startEtcd(options: Omit<EtcdOptions, 'directory'> = {}) {
  const etcd = await etcdProcess({ directory: await temporaryDirectory(), ...options });
  onTestFinished(etcd.kill);
  return etcd;
}

/** Locks, and the codes of what they warn of. */
async function watched(place: LockPlace) {
  const warnings: string[] = [];
  return { locks: await locksAt(place, ({ code }) => warnings.push(code)), warnings };
}

describe('locks of an etcd', () => {
  it('are given in the order of asking', async () => {
    const { endpoint, control } = await startEtcd();
    const order: number[] = [];
    const builders = await Promise.all(
      [1, 2, 3, 4].map(() => locksAt({ kind: 'etcd', endpoints: [endpoint] })),
    );
    const waiting = builders.map(async (locks, index) => {
      while (
        ((await control(['get', '--prefix', '--keys-only', 'slipway/'])).match(/slipway/g) ?? []).length <
        index
      ) {
        await sleep(20);
      }
      await locks.hold('p/stage/1', never, async () => {
        if (index === 0) {
          while ((await control(['get', '--prefix', '--keys-only', 'slipway/'])).split('\n\n').length < 4)
            await sleep(20);
        }
        order.push(index);
      });
    });
    await Promise.all(waiting);
    expect(order).toEqual([0, 1, 2, 3]);
    expect(await control(['get', '--prefix', '--keys-only', ''])).toBe('');
    expect(await control(['lease', 'list'])).toBe('found 0 leases');
  });

  it('are lost with a server that is killed: one warning, and all work goes on', async () => {
    const etcd = await startEtcd();
    const { locks, warnings } = await watched({ kind: 'etcd', endpoints: [etcd.endpoint] });
    const work = (name: string) =>
      locks.hold(name, never, async ({ lost }) => {
        await new Promise((resolve) => lost.addEventListener('abort', resolve));
        return name;
      });
    const held = ['a', 'b', 'c'].map(work);
    while ((await etcd.control(['lease', 'list'])).split('\n').length < 4) await sleep(20);
    const waiting = locks.hold('a', never, async ({ lost }) => `without: ${lost.aborted}`);
    await etcd.kill();
    expect(await Promise.all(held)).toEqual(['a', 'b', 'c']);
    expect(await waiting).toBe('without: true');
    expect(await locks.hold('d', never, async ({ lost }) => `without: ${lost.aborted}`)).toBe(
      'without: true',
    );
    expect(warnings.sort()).toEqual(['LOCKS_UNREACHABLE', 'LOCK_LOST']);
  });

  it('outlast a server that is away for less than the life of a lease', async () => {
    const etcd = await startEtcd();
    const { locks, warnings } = await watched({ kind: 'etcd', endpoints: [etcd.endpoint] });
    const isLost = await locks.hold('a', never, async ({ lost }) => {
      await etcd.restart();
      await sleep(SHORT_LEASES.live);
      return lost.aborted;
    });
    expect(isLost).toBe(false);
    expect(warnings).toEqual([]);
  });

  it('are lost when an administrator takes the lease away', async () => {
    const { endpoint, control } = await startEtcd();
    const { locks, warnings } = await watched({ kind: 'etcd', endpoints: [endpoint] });
    await locks.hold('a', never, async ({ lost }) => {
      const [, lease = ''] = (await control(['lease', 'list'])).split('\n');
      await control(['lease', 'revoke', lease]);
      await new Promise((resolve) => lost.addEventListener('abort', resolve));
    });
    expect(warnings).toEqual(['LOCK_LOST']);
  });

  it('are asked for at the next address when one does not answer', async () => {
    const { endpoint } = await startEtcd();
    const dead = `127.0.0.1:${await freePort()}`;
    const { locks, warnings } = await watched({ kind: 'etcd', endpoints: [dead, endpoint, dead] });
    expect(await locks.hold('a', never, async ({ lost }) => lost.aborted)).toBe(false);
    expect(warnings).toEqual([]);
  });

  it('are done without where nobody answers', async () => {
    const dead = `127.0.0.1:${await freePort()}`;
    const { locks, warnings } = await watched({ kind: 'etcd', endpoints: [dead] });
    const work = async () => 'done';
    expect(await Promise.all([1, 2].map(() => locks.hold('a', never, work)))).toEqual(['done', 'done']);
    expect(warnings).toEqual(['LOCKS_UNREACHABLE']);
  });

  it('are done without where etcd has no space left', async () => {
    const { endpoint, control } = await startEtcd({ quota: 1024 * 1024 });
    const { locks, warnings } = await watched({ kind: 'etcd', endpoints: [endpoint] });
    const fill = async () => {
      for (let i = 0; i < 100; i++) await control(['put', `k${i}`, 'x'.repeat(100_000)]);
    };
    await expect(fill()).rejects.toThrow('database space exceeded');
    expect(await locks.hold('a', never, async ({ lost }) => lost.aborted)).toBe(true);
    expect(warnings).toEqual(['LOCKS_UNREACHABLE']);
  });

  it('are given to users who may write below slipway/, and to no others', async () => {
    const etcd = await startEtcd();
    for (const command of [
      'user add root:of-the-root',
      'user grant-role root root',
      'user add builder:pass@word',
      'user add stranger:stranger',
      'role add locks',
      'role grant-permission --prefix locks readwrite slipway/',
      'user grant-role builder locks',
      'auth enable',
    ]) {
      await etcd.control(command.split(' '));
    }
    const as = (name: string, password: string) =>
      watched({ kind: 'etcd', endpoints: [etcd.endpoint], user: { name, password } });
    const { locks, warnings } = await as('builder', 'pass@word');
    expect(await locks.hold('a', never, async ({ lost }) => lost.aborted)).toBe(false);
    const waits = async () => {
      const one = locks.hold('a', never, () => sleep(300));
      await Promise.all([one, (await as('builder', 'pass@word')).locks.hold('a', never, async () => 1)]);
    };
    await waits();
    // Its tokens are forgotten.
    await etcd.restart();
    await waits();
    expect(warnings).toEqual([]);
    const denied = { code: 'LOCKS_DENIED' };
    const refused = async ({ locks: others }: Awaited<ReturnType<typeof as>>) =>
      await expect(others.hold('a', never, async () => 1)).rejects.toMatchObject(denied);
    await refused(await as('builder', 'wrong-word'));
    await refused(await as('stranger', 'stranger'));
    await refused(await watched({ kind: 'etcd', endpoints: [etcd.endpoint] }));
  });

  it('are the same over TLS with an authority of its own', async () => {
    const { ca, server } = await certificates(await temporaryDirectory());
    const { endpoint } = await startEtcd({ tls: { ca, ...server } });
    const place = { kind: 'etcd', tls: true, endpoints: [endpoint] } as const;
    for (const env of [{ SSL_CERT_FILE: ca }, { ETCDCTL_CACERT: ca }]) {
      const { locks, warnings } = await watched({ ...place, env });
      expect(await locks.hold('a', never, async ({ lost }) => lost.aborted)).toBe(false);
      expect(warnings).toEqual([]);
    }
    const { locks, warnings } = await watched(place);
    expect(await locks.hold('a', never, async ({ lost }) => lost.aborted)).toBe(true);
    expect(warnings).toEqual(['LOCKS_UNREACHABLE']);
    await expect(locksAt({ ...place, env: { SSL_CERT_FILE: '/nowhere' } })).rejects.toThrow(
      'SSL_CERT_FILE: /nowhere',
    );
  });
});
