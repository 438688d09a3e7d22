import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestRegistry } from './registry.ts';

/** Stages of a repository that stay for later runs of a test, beside the base images. */
export interface KeptStages {
  /** Puts what was kept into the repository; nothing, where nothing was. */
  restore(): Promise<void>;
  /** Keeps what is in the repository instead of what was kept. */
  keep(): Promise<void>;
}

/** @param repository without the host */
export function keptStages(registry: TestRegistry, repository: string): KeptStages {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'slipway', 'test-images');
  const layout = join(cache, `stages-${repository}`);
  const remote = (tag: string) => `docker://${registry.host}/${repository}:${tag}`;
  const copy = (from: string, to: string) =>
    execFileSync('skopeo', [
      '--insecure-policy',
      'copy',
      '-q',
      '--preserve-digests',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      from,
      to,
    ]);
  return {
    async restore() {
      const index = await readFile(join(layout, 'index.json'), 'utf8').catch(() => '{"manifests":[]}');
      const { manifests } = JSON.parse(index) as {
        manifests: { annotations: Record<string, string> }[];
      };
      for (const { annotations } of manifests) {
        const tag = annotations['org.opencontainers.image.ref.name'];
        if (tag) copy(`oci:${layout}:${tag}`, remote(tag));
      }
    },
    async keep() {
      const made = await mkdtemp(join(dirname(layout), 'new-'));
      for (const tag of registry.stages(repository)) copy(remote(tag), `oci:${made}:${tag}`);
      await rm(layout, { recursive: true, force: true });
      await rename(made, layout);
    },
  };
}
