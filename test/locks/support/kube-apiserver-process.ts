import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { type JsonAnswer, type JsonRequest, jsonRequests } from '../../../src/locks/json-requests.ts';
import { certificates } from './certificates.ts';
import { freePort } from './etcd-process.ts';
import { kubeconfigOf } from './kubeconfig-of.ts';

export interface KubeApiserverProcess {
  /** Of a builder that may do what the documentation says, in the namespace `locks`. */
  readonly kubeconfig: string;
  /** A request of the administrator. */
  ask(method: JsonRequest['method'], path: string, body?: object): Promise<JsonAnswer>;
  kill(): Promise<void>;
}

const ROLE = {
  apiGroups: ['coordination.k8s.io'],
  resources: ['leases'],
  verbs: ['get', 'create', 'update', 'delete'],
};

/**
 * A real API server of Kubernetes that keeps its objects in an etcd.
 * @param program its path, @param directory empty
 */
export async function kubeApiserverProcess(
  program: string,
  { directory, etcd }: { readonly directory: string; readonly etcd: string },
): Promise<KubeApiserverProcess> {
  const { ca, server, client } = await certificates(directory);
  const [port, tokens] = [await freePort(), join(directory, 'tokens.csv')];
  await writeFile(tokens, 'token-of-admin,admin,1,system:masters\n');
  const child = execa(
    program,
    [
      ...['--etcd-servers', `http://${etcd}`, '--bind-address', '127.0.0.1', '--secure-port', `${port}`],
      ...['--advertise-address', '127.0.0.1', '--service-cluster-ip-range', '10.0.0.0/24'],
      ...['--tls-cert-file', server.cert, '--tls-private-key-file', server.key, '--client-ca-file', ca],
      ...['--service-account-issuer', 'https://test', '--service-account-key-file', server.cert],
      ...['--service-account-signing-key-file', server.key, '--cert-dir', directory],
      ...['--token-auth-file', tokens, '--authorization-mode', 'RBAC'],
    ],
    { reject: false, all: true },
  );
  const requests = jsonRequests({ ca: await readFile(ca) });
  const url = `https://127.0.0.1:${port}`;
  const ask = (method: JsonRequest['method'], path: string, body?: object) =>
    requests.ask(
      {
        method,
        url: `${url}${path}`,
        headers: { authorization: 'Bearer token-of-admin' },
        ...(body ? { body } : {}),
      },
      { timeout: 10_000, signal: new AbortController().signal },
    );
  const make = async (path: string, body: object) => {
    for (let tries = 0; ; tries++) {
      const { status } = await ask('POST', path, body).catch(() => ({ status: 0 }));
      if (status === 201) return;
      if (child.exitCode !== null)
        throw new Error(`kube-apiserver ended: ${(await child).all?.slice(-2000)}`);
      if (tries > 600) throw new Error(`kube-apiserver does not make ${path}: ${status}`);
      await sleep(100);
    }
  };
  try {
    await make('/api/v1/namespaces', { metadata: { name: 'locks' } });
    const rights = '/apis/rbac.authorization.k8s.io/v1/namespaces/locks';
    await make(`${rights}/roles`, { metadata: { name: 'builders' }, rules: [ROLE] });
    await make(`${rights}/rolebindings`, {
      metadata: { name: 'builders' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'builders' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'builders' }],
    });
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  const kubeconfig = await kubeconfigOf(directory, {
    server: url,
    cluster: { 'certificate-authority': ca },
    user: { 'client-certificate': client.cert, 'client-key': client.key },
  });
  return {
    kubeconfig,
    ask,
    async kill() {
      child.kill('SIGKILL');
      await child;
    },
  };
}
