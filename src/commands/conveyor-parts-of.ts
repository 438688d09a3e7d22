import { join } from 'node:path';
import { baseConfigurations } from '../conveyor/base-configurations.ts';
import { commitContext } from '../conveyor/commit-context.ts';
import type { ConveyorParts } from '../conveyor/conveyor-parts.ts';
import { readSecrets } from '../conveyor/read-secrets.ts';
import { sshAgents } from '../conveyor/ssh-agents.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { Workshop } from '../engine/engine.ts';
import { factsCache } from '../storage/facts-cache.ts';
import { localStages } from '../storage/local-stages.ts';
import { repositoryStages } from '../storage/repository-stages.ts';
import type { BuildRequest } from './build-request.ts';
import type { OpenedProject } from './open-project.ts';
import type { Session } from './session.ts';

export type LocalWork = Pick<Workshop, 'builder' | 'images'>;

/** What the conveyor needs for a request. @param workshop builds and keeps the local images */
export async function conveyorPartsOf(
  request: Pick<BuildRequest, 'repository' | 'platforms' | 'network'>,
  session: Session,
  { opened, workshop }: { readonly opened: OpenedProject; readonly workshop: LocalWork },
): Promise<ConveyorParts> {
  const { ports, host, clock, signal } = session;
  const { project, files, configFiles, repository } = opened;
  const { commit } = files;
  const cacheAt = (name: string) => factsCache(join(host.home, 'local_cache', name), clock.unique);
  const local = localStages(project.name, workshop.images);
  const primary = request.repository && {
    address: request.repository,
    platform: request.platforms[0] ?? host.platform,
    registry: ports.registry,
    builder: workshop.builder,
    cache: cacheAt('manifests'),
  };
  const permissions = await opened.permissions();
  const date = sourceDate(session.env['SOURCE_DATE_EPOCH'] ?? '', commit.committedAt);
  const inStore = async (reference: string) =>
    (await workshop.images.inspect(reference, signal))?.facts ?? null;
  return {
    project: project.name,
    version: session.version,
    commit,
    sourceDateEpoch: date,
    hostPlatform: host.platform,
    platforms: request.platforms,
    network: request.network,
    primary: primary ? repositoryStages(primary) : local,
    local: primary ? local : null,
    builder: workshop.builder,
    images: workshop.images,
    reader: ports.dockerfile,
    bases: baseConfigurations({
      cache: cacheAt('bases'),
      registry: ports.registry,
      // With a repository the store may never be needed: then it is not opened only to be asked.
      local: primary ? async () => null : inStore,
    }),
    contextOf: (image) =>
      commitContext(image, {
        repository,
        files,
        permissions,
        projectDirectory: session.project.directory,
        reader: ports.dockerfile,
        configFiles,
        unchecked: session.project.loose,
        onWarning: (problem) => session.progress.emit({ kind: 'warning', problem }),
        date,
        signal,
      }),
    secretsOf: async ({ secrets }) => {
      const read = await readSecrets(secrets, {
        env: session.env,
        projectDirectory: session.project.directory,
        homeDirectory: session.env['HOME'] ?? '/',
      });
      for (const content of read.values()) session.secrets.add(content.toString('utf8'));
      return read;
    },
    sshAgentsOf: (image) => sshAgents(image, session.env['SSH_AUTH_SOCK'] ?? ''),
    locks: ports.locks,
    progress: session.progress,
    now: clock.now,
  };
}

function sourceDate(given: string, committedAt: number): number {
  if (given === '') return committedAt;
  if (/^\d{1,11}$/.test(given)) return Number(given);
  throw new UserError('CLI_BAD_VALUE', `SOURCE_DATE_EPOCH: "${given}" is not a number of seconds`);
}
