import { hostname } from 'node:os';
import type { KubeSource } from '../kube-source.ts';
import { leasedLocks } from '../leased-locks.ts';
import { LEASE_TIMES, type LeaseTimes } from '../leases.ts';
import type { Locks, WarnOfLocks } from '../locks.ts';
import { kubeApi } from './kube-api.ts';
import { kubeLeases } from './kube-leases.ts';
import { loadKubeAccess } from './load-access.ts';

export interface KubernetesLocksParts {
  readonly namespace: string;
  readonly source: KubeSource;
  /** For messages. */
  readonly address: string;
  readonly now: () => number;
  readonly warn: WarnOfLocks;
  readonly times?: LeaseTimes;
}

/**
 * Locks among all builders that ask the same Kubernetes cluster and namespace.
 * @throws UserError when the kubeconfig does not give access to a cluster
 */
export async function kubernetesLocks(parts: KubernetesLocksParts): Promise<Locks> {
  const { namespace, source, address, now, warn, times = LEASE_TIMES } = parts;
  const access = await loadKubeAccess(source);
  const api = kubeApi(access, { env: source.env, answer: times.answer });
  return leasedLocks(kubeLeases({ address, api, namespace, builder: hostname(), times, now }), times, warn);
}
