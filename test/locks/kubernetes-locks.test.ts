import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { leaseName } from '../../src/locks/kubernetes/kube-leases.ts';
import { temporaryDirectory } from '../helper/scripted.ts';
import { certificates } from './support/certificates.ts';
import { kubeconfigOf } from './support/kubeconfig-of.ts';
import { leaseApiStub, type StubOptions } from './support/lease-api-stub.ts';
import { locksAt } from './support/lock-place.ts';
import { SHORT_LEASES } from './support/test-times.ts';

const never = new AbortController().signal;
const isLost = async ({ lost }: { readonly lost: AbortSignal }) => lost.aborted;

async function cluster(
  options: StubOptions = {},
  config: { readonly cluster?: object; readonly user?: object } = {},
) {
  const stub = await leaseApiStub(options);
  onTestFinished(stub.close);
  const kubeconfig = await kubeconfigOf(await temporaryDirectory(), { server: stub.url, ...config });
  const warnings: string[] = [];
  const builder = (namespace = 'locks') =>
    locksAt({ kind: 'kubernetes', kubeconfig, namespace }, ({ code }) => warnings.push(code));
  return { stub, builder, warnings };
}

/** A lease as another program writes it. */
const foreign = (renewTime: string) => ({
  metadata: { name: leaseName('stage'), uid: 'x', resourceVersion: '1' },
  spec: { holderIdentity: 'another', leaseDurationSeconds: 1, renewTime },
});

describe('locks as leases of Kubernetes', () => {
  it('are objects that tell who holds what, and are deleted at the end', async () => {
    const { stub, builder } = await cluster();
    await (await builder()).hold('project/stage/1', never, async () => {
      const [[name, lease] = []] = [...stub.leases];
      expect(name).toMatch(/^slipway-[0-9a-f]{40}$/);
      expect(lease).toMatchObject({
        metadata: {
          labels: { 'app.kubernetes.io/managed-by': 'slipway' },
          annotations: { 'slipway/lock': 'project/stage/1' },
        },
        spec: { leaseDurationSeconds: 2, leaseTransitions: 0 },
      });
    });
    expect(stub.leases.size).toBe(0);
  });

  it('go by no clock of another machine: a holder with one that is years behind is waited for', async () => {
    const { stub, builder } = await cluster();
    stub.leases.set(leaseName('stage'), foreign('1999-01-01T00:00:00.000000Z'));
    let isFree = false;
    const renewing = (async () => {
      for (let i = 0; i < 15; i++) {
        await sleep(100);
        stub.change(leaseName('stage'), { renewTime: `1999-01-01T00:00:${10 + i}.000000Z` });
      }
      isFree = true;
      stub.leases.delete(leaseName('stage'));
    })();
    expect(await (await builder()).hold('stage', never, async () => isFree)).toBe(true);
    await renewing;
  });

  it('are taken from a dead holder whose clock is years ahead', async () => {
    const { stub, builder } = await cluster();
    stub.leases.set(leaseName('stage'), foreign('2199-01-01T00:00:00.000000Z'));
    const locks = await builder();
    const holder = await locks.hold('stage', never, async () => stub.leases.get(leaseName('stage'))?.spec);
    expect(holder).toMatchObject({ leaseTransitions: 1 });
    expect(holder?.['holderIdentity']).not.toBe('another');
  });

  it('are lost when another one has them, or an administrator deletes them: one warning', async () => {
    const { stub, builder, warnings } = await cluster();
    const lost = async (how: (name: string) => void) => {
      const locks = await builder();
      warnings.length = 0;
      await locks.hold('stage', never, async ({ lost: signal }) => {
        how(leaseName('stage'));
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      });
      expect(warnings).toEqual(['LOCK_LOST']);
    };
    await lost((name) => stub.leases.delete(name));
    await lost((name) => stub.change(name, { holderIdentity: 'another' }));
    // What is another one's is left alone.
    expect(stub.leases.get(leaseName('stage'))?.spec['holderIdentity']).toBe('another');
  });

  it('are kept when somebody changes what does not matter', async () => {
    const { stub, builder, warnings } = await cluster();
    await (await builder()).hold('stage', never, async () => {
      stub.change(leaseName('stage'), { preferredHolder: 'x' });
      await sleep(1.5 * SHORT_LEASES.live);
      expect(stub.leases.get(leaseName('stage'))?.spec).toMatchObject({ preferredHolder: 'x' });
      stub.change(leaseName('stage'), { preferredHolder: 'y' });
    });
    expect(stub.conflicts()).toBeGreaterThan(0);
    expect(stub.leases.size).toBe(0);
    expect(warnings).toEqual([]);
  });

  it('are asked for up to ten times', async () => {
    const { stub, builder, warnings } = await cluster();
    let failures = 9;
    stub.failing = () => (failures-- > 0 ? (failures % 2 ? null : 503) : undefined);
    expect(await (await builder()).hold('stage', never, isLost)).toBe(false);
    failures = Number.POSITIVE_INFINITY;
    const locks = await builder();
    expect(await locks.hold('stage', never, isLost)).toBe(true);
    expect(await locks.hold('stage', never, isLost)).toBe(true);
    expect(warnings).toEqual(['LOCKS_UNREACHABLE']);
  });

  it('are lost with an API server that is killed, and all work goes on', async () => {
    const { stub, builder, warnings } = await cluster();
    const locks = await builder();
    const held = locks.hold('stage', never, async ({ lost }) => {
      await stub.close();
      await new Promise((resolve) => lost.addEventListener('abort', resolve));
      return 'done';
    });
    expect(await held).toBe('done');
    expect(await locks.hold('other', never, async () => 'done too')).toBe('done too');
    expect(warnings).toEqual(['LOCK_LOST', 'LOCKS_UNREACHABLE']);
  });

  it('are refused to strangers, and where there is no namespace', async () => {
    const { builder } = await cluster(
      { authorization: () => 'Bearer right' },
      { user: { token: 'wrong-token' } },
    );
    const refused = (await builder()).hold('stage', never, isLost);
    await expect(refused).rejects.toMatchObject({
      code: 'LOCKS_DENIED',
      message: expect.not.stringMatching('wrong-token'),
    });
    const nowhere = (await (await cluster()).builder('nowhere')).hold('stage', never, isLost);
    await expect(nowhere).rejects.toThrow('namespaces "nowhere" not found');
  });

  it('go on without the lock when credentials end meanwhile', async () => {
    let right = 'Bearer right';
    const { builder, warnings } = await cluster({ authorization: () => right }, { user: { token: 'right' } });
    const locks = await builder();
    expect(await locks.hold('stage', never, isLost)).toBe(false);
    right = 'Bearer other';
    expect(await locks.hold('stage', never, isLost)).toBe(true);
    expect(warnings).toEqual(['LOCKS_UNREACHABLE']);
  });
});

describe('access to a cluster', () => {
  it('is by a token, one of a file that changes, or a password', async () => {
    const token = join(await temporaryDirectory(), 'token');
    await writeFile(token, 'first\n');
    const expected = { authorization: 'Bearer first' };
    const { builder } = await cluster(
      { authorization: () => expected.authorization },
      { user: { tokenFile: token } },
    );
    const locks = await builder();
    expect(await locks.hold('stage', never, isLost)).toBe(false);
    await writeFile(token, 'second');
    expected.authorization = 'Bearer second';
    expect(await locks.hold('stage', never, isLost)).toBe(false);
    const basic = { username: 'me', password: 'it' };
    const other = await cluster({ authorization: () => 'Basic bWU6aXQ=' }, { user: basic });
    expect(await (await other.builder()).hold('stage', never, isLost)).toBe(false);
  });

  it('is by a client certificate, over TLS with an authority of its own', async () => {
    const { ca, server, client } = await certificates(await temporaryDirectory());
    const [authority, cert, key] = await Promise.all(
      [ca, server.cert, server.key].map((path) => readFile(path)),
    );
    const tls = { ca: authority, cert, key, requestCert: true, rejectUnauthorized: true };
    const base64 = async (path: string) => (await readFile(path)).toString('base64');
    const byFile = await cluster(
      { tls },
      {
        cluster: { 'certificate-authority': ca },
        user: { 'client-certificate': client.cert, 'client-key': client.key },
      },
    );
    expect(await (await byFile.builder()).hold('stage', never, isLost)).toBe(false);
    expect(byFile.stub.seen.certificate).toBe('builder');
    const user = {
      'client-certificate-data': await base64(client.cert),
      'client-key-data': await base64(client.key),
    };
    const byData = await cluster(
      { tls },
      { cluster: { 'certificate-authority-data': await base64(ca) }, user },
    );
    expect(await (await byData.builder()).hold('stage', never, isLost)).toBe(false);
    const unknown = await cluster({ tls }, { user });
    expect(await (await unknown.builder()).hold('stage', never, isLost)).toBe(true);
    const unchecked = await cluster({ tls }, { cluster: { 'insecure-skip-tls-verify': true }, user });
    expect(await (await unchecked.builder()).hold('stage', never, isLost)).toBe(false);
  });

  it('is by a plugin, which is asked again when its token is refused', async () => {
    const directory = await temporaryDirectory();
    const plugin = join(directory, 'plugin');
    await writeFile(
      plugin,
      `#!/bin/sh
count=$(($(cat "$COUNT" 2>/dev/null || echo 0) + 1))
echo "$count" >"$COUNT"
echo "$KUBERNETES_EXEC_INFO" >"$COUNT.info"
printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s-%s"}}' "$1" "$count"
`,
      { mode: 0o755 },
    );
    const count = join(directory, 'count');
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: plugin,
      args: ['token'],
      env: [{ name: 'COUNT', value: count }],
      provideClusterInfo: true,
    };
    let expected = 'Bearer token-1';
    const { builder, stub, warnings } = await cluster({ authorization: () => expected }, { user: { exec } });
    const locks = await builder();
    expect(await locks.hold('stage', never, isLost)).toBe(false);
    expected = 'Bearer token-2';
    expect(await locks.hold('stage', never, isLost)).toBe(false);
    expect((await readFile(count, 'utf8')).trim()).toBe('2');
    const info = JSON.parse(await readFile(`${count}.info`, 'utf8'));
    expect(info.spec).toMatchObject({ interactive: false, cluster: { server: stub.url } });
    expect(warnings).toEqual([]);
  });

  it('ends with a plugin that fails meanwhile, which is no reason for work to fail', async () => {
    const plugin = join(await temporaryDirectory(), 'plugin');
    const answer = (token: string) =>
      `#!/bin/sh\necho '{"kind":"ExecCredential","status":{"token":"${token}","expirationTimestamp":"2001-01-01T00:00:00Z"}}'\n`;
    await writeFile(plugin, answer('one'), { mode: 0o755 });
    const exec = { command: plugin };
    const { builder, warnings } = await cluster({ authorization: () => 'Bearer one' }, { user: { exec } });
    const locks = await builder();
    expect(await locks.hold('stage', never, isLost)).toBe(false);
    await writeFile(plugin, '#!/bin/sh\nexit 1\n');
    expect(await locks.hold('stage', never, isLost)).toBe(true);
    expect(warnings).toEqual(['LOCKS_UNREACHABLE']);
  });

  it('is not there with a plugin that is missing, which is told', async () => {
    const exec = { command: 'no-such-plugin-anywhere', installHint: 'install it from the shelf' };
    const { builder } = await cluster({}, { user: { exec } });
    await expect((await builder()).hold('stage', never, isLost)).rejects.toMatchObject({
      code: 'KUBE_PLUGIN_FAILED',
      hint: 'install it from the shelf',
    });
  });
});
