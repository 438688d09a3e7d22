import { etcdLocks } from '../../../src/locks/etcd/etcd-locks.ts';
import { kubernetesLocks } from '../../../src/locks/kubernetes/kubernetes-locks.ts';
import type { Locks, WarnOfLocks } from '../../../src/locks/locks.ts';
import { machineLocks } from '../../../src/locks/machine/machine-locks.ts';
import { SHORT_LEASES, SHORT_LOOKS } from './test-times.ts';

/** Where locks are, as text that another process understands too. */
export type LockPlace =
  | { readonly kind: 'machine'; readonly directory: string }
  | {
      readonly kind: 'etcd';
      readonly tls?: boolean;
      readonly endpoints: readonly string[];
      readonly user?: { readonly name: string; readonly password: string };
      readonly env?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'kubernetes'; readonly kubeconfig: string; readonly namespace?: string };

/** Locks of one more builder. */
export async function locksAt(place: LockPlace, warn: WarnOfLocks = () => undefined): Promise<Locks> {
  switch (place.kind) {
    case 'machine':
      return machineLocks(place.directory, SHORT_LOOKS);
    case 'etcd': {
      const { tls = false, endpoints, user = null, env = {} } = place;
      const address = `etcd${tls ? 's' : ''}://${endpoints.join(',')}`;
      return await etcdLocks({ place: { tls, endpoints, user }, address, env, warn, times: SHORT_LEASES });
    }
    case 'kubernetes': {
      const { kubeconfig, namespace = 'locks' } = place;
      return await kubernetesLocks({
        namespace,
        source: { ...NO_OPTIONS, files: kubeconfig },
        address: `kubernetes://${namespace}`,
        now: Date.now,
        warn,
        times: SHORT_LEASES,
      });
    }
  }
}

export const NO_OPTIONS = {
  files: null,
  base64: null,
  context: null,
  server: null,
  authority: null,
  token: null,
  tokenPath: null,
  skipVerify: false,
  cwd: '/',
  homeDirectory: '/nonexistent',
  env: { PATH: process.env['PATH'] },
} as const;
