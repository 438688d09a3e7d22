import { readFile } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { UserError } from '../../diagnostics/user-error.ts';
import type { KubeSource } from '../kube-source.ts';
import { type KubeAccess, type KubeconfigText, kubeAccessOf } from './kubeconfig.ts';

/** Where pods find their own credentials. */
const POD = '/var/run/secrets/kubernetes.io/serviceaccount';

/** @throws UserError when there is no access, or it cannot be read */
export async function loadKubeAccess(source: KubeSource): Promise<KubeAccess> {
  const files = await textsOf(source);
  const found = files.length > 0 ? kubeAccessOf(files, source.context) : withoutFiles(source);
  const { server, authority, token, tokenPath, skipVerify, cwd } = source;
  return {
    ...found,
    ...(server === null ? {} : { server: server.replace(/\/+$/, '') }),
    ...(authority === null ? {} : { authority: { kind: 'data', base64: authority } as const }),
    ...(tokenPath === null ? {} : { token: { kind: 'file', path: resolve(cwd, tokenPath) } as const }),
    ...(token === null ? {} : { token: { kind: 'text', text: token } as const }),
    skipVerify: skipVerify || found.skipVerify,
  };
}

async function textsOf({
  files,
  base64,
  cwd,
  homeDirectory,
}: KubeSource): Promise<readonly KubeconfigText[]> {
  if (base64 !== null) {
    const text = Buffer.from(base64, 'base64').toString('utf8');
    return [{ name: 'the kubeconfig that was given in base64', text, resolve: (path) => resolve(cwd, path) }];
  }
  if (files === null) {
    const usual = join(homeDirectory, '.kube', 'config');
    const text = await readFile(usual, 'utf8').catch(() => null);
    return text === null ? [] : [fileAt(usual, text)];
  }
  const paths = files.split(delimiter).filter((path) => path !== '');
  const absolute = paths.map((path) =>
    path.startsWith('~/') ? join(homeDirectory, path.slice(2)) : resolve(cwd, path),
  );
  const read = await Promise.all(absolute.map(readSome));
  const [missing] = absolute;
  if (missing !== undefined && read.every((file) => file === null)) {
    throw new UserError('KUBECONFIG_MISSING', `there is no kubeconfig at ${absolute.join(', ')}`, {
      hint: 'see --kube-config (WERF_KUBE_CONFIG, KUBECONFIG) and --synchronization',
    });
  }
  return read.filter((file) => file !== null);
}

/** Of several files those are used that are there. */
async function readSome(path: string): Promise<KubeconfigText | null> {
  try {
    return fileAt(path, await readFile(path, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new UserError('KUBECONFIG_BAD', `${path} cannot be read: ${message}`, { cause: error });
  }
}

function fileAt(path: string, text: string): KubeconfigText {
  return { name: path, text, resolve: (other) => resolve(dirname(path), other) };
}

/** By options alone, or as a pod. */
function withoutFiles({ server, env }: KubeSource): KubeAccess {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = env;
  const nothing = {
    skipVerify: false,
    serverName: null,
    certificate: null,
    key: null,
    basic: null,
    exec: null,
  };
  if (server !== null) return { ...nothing, context: '(options)', server, authority: null, token: null };
  if (host === '') {
    throw new UserError('KUBECONFIG_MISSING', 'there is no access to a Kubernetes cluster for the locks', {
      hint: 'name a kubeconfig: --synchronization=kubernetes://NAMESPACE@PATH, --kube-config, or KUBECONFIG',
    });
  }
  return {
    ...nothing,
    context: '(pod)',
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    authority: { kind: 'file', path: join(POD, 'ca.crt') },
    token: { kind: 'file', path: join(POD, 'token') },
  };
}
