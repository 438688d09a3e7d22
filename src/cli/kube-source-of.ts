import type { KubeSource } from '../locks/kube-source.ts';
import type { Synchronization } from '../locks/synchronization.ts';
import type { FlagValues } from './flag.ts';
import type { kubernetesFlags } from './kubernetes-flags.ts';
import type { ProcessView } from './process-view.ts';

/** How the cluster of the locks is reached: what `--synchronization` says itself beats the options for clusters. */
export function kubeSourceOf(
  place: Synchronization & { readonly kind: 'kubernetes' },
  flags: Partial<FlagValues<typeof kubernetesFlags>>,
  { cwd, homeDirectory, env }: Pick<ProcessView, 'cwd' | 'homeDirectory' | 'env'>,
): KubeSource {
  const { config } = place;
  const own = {
    files: config?.kind === 'file' ? config.path : null,
    base64: config?.kind === 'text' ? config.base64 : null,
  };
  const given = { files: flags.kubeConfig ?? null, base64: flags.kubeConfigBase64 ?? null };
  return {
    ...(config === null ? given : own),
    context: place.context ?? flags.kubeContext ?? null,
    server: flags.kubeApiServer ?? null,
    authority: flags.kubeCaData ?? null,
    token: flags.kubeToken ?? null,
    tokenPath: flags.kubeTokenPath ?? null,
    skipVerify: flags.skipTlsVerifyKube ?? false,
    cwd,
    homeDirectory,
    env,
  };
}
