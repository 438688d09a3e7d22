import { join } from 'node:path';
import { baseConfigurations } from '../conveyor/base-configurations.ts';
import { commitContext } from '../conveyor/commit-context.ts';
import type { ConveyorParts } from '../conveyor/conveyor-parts.ts';
import { introspection } from '../conveyor/introspection.ts';
import { openMappings } from '../conveyor/open-mappings.ts';
import { readSecrets } from '../conveyor/read-secrets.ts';
import { sshAgents } from '../conveyor/ssh-agents.ts';
import { toolchain } from '../conveyor/toolchain.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { type Platform, parsePlatform } from '../oci/platform.ts';
import type { RepositoryAddress } from '../oci/repository-address.ts';
import { withBaseCopies } from '../storage/base-copies.ts';
import { factsCache } from '../storage/facts-cache.ts';
import { imageTimes } from '../storage/image-times.ts';
import type { BuildRequest } from './build-request.ts';
import { deepening } from './deepening.ts';
import { emulationOf } from './emulation-of.ts';
import type { OpenedProject } from './open-project.ts';
import type { Session } from './session.ts';
import { type LocalWork, type Storages, storagesOf } from './storages-of.ts';

/** What the conveyor needs for a request. @param workshop builds and keeps the local images */
export async function conveyorPartsOf(
  request: Pick<BuildRequest, 'storage' | 'network' | 'introspection'>,
  session: Session,
  { opened, workshop }: { readonly opened: OpenedProject; readonly workshop: LocalWork },
): Promise<ConveyorParts & Pick<Storages, 'records' | 'final'>> {
  const { ports, host, clock, signal } = session;
  const { project, files, configFiles, repository } = opened;
  const { commit } = files;
  const cacheAt = (name: string) => factsCache(join(host.home, 'local_cache', name), clock.unique);
  const storages = storagesOf(request.storage, session, {
    project: project.name,
    platform: host.platform,
    workshop,
  });
  const { registry, builder } = outsideOf(request.storage.primary, session, workshop);
  const sshAgent = session.env['SSH_AUTH_SOCK'] ?? '';
  const projectDirectory = session.project.directory;
  const homeDirectory = session.env['HOME'] ?? '/';
  const secretsFrom = { env: session.env, projectDirectory, homeDirectory };
  const permissions = await opened.permissions();
  const date = sourceDate(session.env['SOURCE_DATE_EPOCH'] ?? '', commit.committedAt);
  const inStore = async (reference: string, platform: Platform) => {
    const facts = (await workshop.images.inspect(reference, signal))?.facts ?? null;
    return facts && parsePlatform(facts.platform) === platform ? facts : null;
  };
  return {
    project: project.name,
    version: session.version,
    commit,
    sourceDateEpoch: date,
    hostPlatform: host.platform,
    network: request.network,
    ...storages,
    builder,
    maker: workshop.stages,
    images: workshop.images,
    registry,
    reader: ports.dockerfile,
    bases: baseConfigurations({
      cache: cacheAt('bases'),
      registry,
      // With a repository the store may never be needed: then it is not opened only to be asked.
      local: request.storage.primary ? async () => null : inStore,
    }),
    contextOf: (image) =>
      commitContext(image, {
        repository,
        files,
        permissions,
        projectDirectory,
        reader: ports.dockerfile,
        configFiles,
        unchecked: session.project.loose,
        onWarning: (problem) => session.progress.emit({ kind: 'warning', problem }),
        date,
        signal,
      }),
    secretsOf: async ({ secrets }) => {
      const read = await readSecrets(secrets, secretsFrom);
      for (const content of read.values()) session.secrets.add(content.toString('utf8'));
      return read;
    },
    sshAgentsOf: (image) => sshAgents(image, sshAgent),
    sshAgent,
    mappingsOf: (image, title) =>
      openMappings(image, {
        repository,
        files,
        remotes: ports.remotes,
        reader: ports.dockerfile,
        date: session.env['SOURCE_DATE_EPOCH'] ? date : null,
        secretsFrom,
        onSecret: (value) => session.secrets.add(value),
        onWarning: (problem) => session.progress.emit({ kind: 'warning', problem, image: title }),
        signal,
      }),
    anyCommit: session.env['WERF_DISABLE_GIT_COMMIT_ANCESTRY_CHECK'] === '1',
    deepen: deepening(repository, project.gitWorktree, session.progress),
    skipImageSpec: session.env['WERF_SKIP_IMAGE_SPEC_STAGE'] === '1',
    emulation: emulationOf(session),
    toolchain: toolchain({
      env: session.env,
      pull: builder.pull,
      progress: session.progress,
      now: clock.now,
    }),
    ansible: {
      color: session.colored,
      furtherArguments: session.env['WERF_DEBUG_ANSIBLE_ARGS'] ?? '',
    },
    introspection: introspection(request.introspection, ports.terminals),
    mountPlaces: {
      projectDirectory,
      homeDirectory,
      kept: join(host.home, 'shared_context', 'mounts', 'projects', project.name),
      temporary: host.runDirectory,
    },
    times: imageTimes(join(host.home, 'local_cache', 'times', `${project.name}.json`), clock.unique),
    locks: ports.locks,
    progress: session.progress,
    now: clock.now,
  };
}

/** Where images come from that are not the project's: with a repository, from copies in it, where it has them. */
function outsideOf(
  address: RepositoryAddress | null,
  { ports: { registry } }: Session,
  { builder, images }: LocalWork,
): Pick<ConveyorParts, 'registry' | 'builder'> {
  return address === null ? { registry, builder } : withBaseCopies({ address, registry, builder, images });
}

function sourceDate(given: string, committedAt: number): number {
  if (given === '') return committedAt;
  if (/^\d{1,11}$/.test(given)) return Number(given);
  throw new UserError('CLI_BAD_VALUE', `SOURCE_DATE_EPOCH: "${given}" is not a number of seconds`);
}
