import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kubeAccessOf } from '../../src/locks/kubernetes/kubeconfig.ts';
import { loadKubeAccess } from '../../src/locks/kubernetes/load-access.ts';
import { temporaryDirectory } from '../helper/scripted.ts';
import { NO_OPTIONS } from './support/lock-place.ts';

const file = (text: string, name = '/etc/kube/config') => ({
  name,
  text,
  resolve: (path: string) => `/etc/kube/${path}`,
});

const ONE = `
current-context: a
clusters: [{ name: c, cluster: { server: https://one:6443/, certificate-authority: ca.pem } }]
users: [{ name: u, user: { token: secret, client-certificate-data: Y2VydA==, client-key: k.pem } }]
contexts:
  - { name: a, context: { cluster: c, user: u } }
  - { name: me@cluster, context: { cluster: c, user: u } }
`;
const TWO = `
current-context: b
clusters: [{ name: c, cluster: { server: https://two } }]
users: []
contexts: [{ name: b, context: { cluster: c, user: u } }]
`;

describe('a kubeconfig', () => {
  it('gives the access of its current context, with paths beside it', () => {
    expect(kubeAccessOf([file(ONE)], null)).toMatchObject({
      context: 'a',
      server: 'https://one:6443',
      authority: { kind: 'file', path: '/etc/kube/ca.pem' },
      certificate: { kind: 'data', base64: 'Y2VydA==' },
      key: { kind: 'file', path: '/etc/kube/k.pem' },
      token: { kind: 'text', text: 'secret' },
      skipVerify: false,
    });
  });

  it('is read with others as kubectl does: what comes first counts', () => {
    expect(kubeAccessOf([file(ONE), file(TWO)], 'b')).toMatchObject({
      context: 'b',
      server: 'https://one:6443',
    });
    expect(kubeAccessOf([file(TWO), file(ONE)], null)).toMatchObject({ context: 'b', server: 'https://two' });
  });

  it('says which contexts there are when it lacks one', () => {
    expect(() => kubeAccessOf([file(ONE)], 'other')).toThrow('/etc/kube/config has no context "other"');
    try {
      kubeAccessOf([file(ONE)], 'a@config.yaml');
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        hint: 'it has a, me@cluster; if "config.yaml" is a file, write @./config.yaml',
      });
    }
  });

  it('is refused where it is wrong, without telling what it holds', () => {
    const wrong = (text: string) => {
      try {
        kubeAccessOf([file(text)], null);
      } catch (error) {
        return (error as Error).message;
      }
      return 'accepted';
    };
    expect(wrong('token: "secret')).toBe('/etc/kube/config cannot be used as a kubeconfig: it is not YAML');
    expect(wrong('clusters: secret')).not.toContain('secret');
    expect(wrong('')).toBe('/etc/kube/config has no current context');
    expect(wrong(ONE.replace('cluster: c,', 'cluster: d,'))).toContain(
      'names the cluster d, which is not there',
    );
    expect(wrong(ONE.replace('token: secret', 'auth-provider: { name: gcp }'))).toContain(
      '"gcp" (auth-provider)',
    );
  });
});

describe('the access to a cluster', () => {
  it('is in the home directory, or where it is said to be, and options beat it', async () => {
    const homeDirectory = await temporaryDirectory();
    await mkdir(join(homeDirectory, '.kube'));
    await writeFile(join(homeDirectory, '.kube', 'config'), ONE);
    await writeFile(join(homeDirectory, 'two'), TWO.replace('users: []', 'users: [{ name: u, user: {} }]'));
    const at = (over: object) =>
      loadKubeAccess({ ...NO_OPTIONS, homeDirectory, cwd: homeDirectory, ...over });
    expect(await at({})).toMatchObject({ server: 'https://one:6443' });
    expect(await at({ files: 'two' })).toMatchObject({ server: 'https://two' });
    expect(await at({ files: '~/two:nowhere' })).toMatchObject({ server: 'https://two' });
    await expect(at({ files: 'nowhere' })).rejects.toThrow(
      `there is no kubeconfig at ${homeDirectory}/nowhere`,
    );
    const base64 = Buffer.from(ONE).toString('base64');
    const over = { base64, server: 'https://three/', token: 'other', skipVerify: true };
    expect(await at({ files: 'two', ...over })).toMatchObject({
      server: 'https://three',
      token: { kind: 'text', text: 'other' },
      skipVerify: true,
    });
  });

  it('is that of a pod where there is no file', async () => {
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
    expect(await loadKubeAccess({ ...NO_OPTIONS, env })).toMatchObject({
      server: 'https://[fd00::1]:6443',
      token: { kind: 'file', path: '/var/run/secrets/kubernetes.io/serviceaccount/token' },
    });
    await expect(loadKubeAccess(NO_OPTIONS)).rejects.toMatchObject({ code: 'KUBECONFIG_MISSING' });
  });
});
