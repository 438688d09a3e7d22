import { join, resolve } from 'node:path';
import type { Session } from '../commands/session.ts';
import { VERSION } from '../commands/version.ts';
import type { SecretMask } from '../diagnostics/secrets.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { nativeDockerfileReader } from '../dockerfile/native/native-dockerfile-reader.ts';
import { buildahEngine } from '../engine/buildah/buildah-engine.ts';
import type { OpenedStore } from '../engine/engine.ts';
import { type OpenedRepository, openRepository } from '../git/open-repository.ts';
import { type EngineClient, engineClient } from '../helper/engine-client.ts';
import type { Settings } from '../helper/protocol.ts';
import { inProcessLocks } from '../locks/in-process/in-process-locks.ts';
import type { Locks, WarnOfLocks } from '../locks/locks.ts';
import { locksOnFirstUse } from '../locks/locks-on-first-use.ts';
import { nestedLocks } from '../locks/nested-locks.ts';
import {
  describeSynchronization,
  type Synchronization,
  secretsOfSynchronization,
} from '../locks/synchronization.ts';
import { type Platform, parsePlatform } from '../oci/platform.ts';
import type { ProgressSink } from '../progress/events.ts';
import { dockerCredentials } from '../registry/docker-config/docker-credentials.ts';
import { nativeArchives } from '../registry/native/native-archives.ts';
import { nativeRegistry } from '../registry/native/native-registry.ts';
import { nativeSignIn } from '../registry/native/native-sign-in.ts';
import { nativeTemplates } from '../templates/native/native-templates.ts';
import type { SessionFlags } from './command.ts';
import type { FlagValues } from './flag.ts';
import { freshStores } from './fresh-stores.ts';
import { kubeSourceOf } from './kube-source-of.ts';
import type { kubernetesFlags } from './kubernetes-flags.ts';
import type { ProcessView } from './process-view.ts';
import { projectOptionsOf } from './project-options-of.ts';
import { remotesOnFirstUse } from './remotes-on-first-use.ts';
import type { repositoryFlags } from './repository-flags.ts';
import { type RunDirectory, runDirectory } from './run-directory.ts';
import { storeSettings } from './store-settings.ts';

/** Only commands that build have them. */
type LockFlags = Pick<typeof repositoryFlags, 'synchronization'> & typeof kubernetesFlags;

export interface AssembleOptions {
  readonly flags: FlagValues<SessionFlags> & Partial<FlagValues<LockFlags>>;
  readonly view: ProcessView;
  readonly progress: ProgressSink;
  /** Does the log show colours? */
  readonly colored: boolean;
  readonly secrets: SecretMask;
}

export interface Assembled {
  readonly session: Session;
  /** Ends engine and git, removes the files of the run. Safe to call twice. */
  close(): Promise<void>;
}

/** Builds the adapters of all ports and hands them down; none of them is started before it is used. */
export async function assemble(options: AssembleOptions): Promise<Assembled> {
  const { flags, view, progress, colored, secrets } = options;
  const parent = resolve(view.cwd, flags.tmpDir ?? view.temporaryDirectory);
  const temporary = runDirectory(parent, (path, run) => removeByEngine(options, path, run));
  const engine = engineClient(async (store) => startEngine(options, await temporary.path(), { store }));
  const { builder, stages, terminals, images, fresh } = storesOf(options, engine, temporary);
  const project = projectOptionsOf(flags, view.cwd);
  const home = resolve(view.cwd, flags.homeDir ?? join(view.homeDirectory, '.werf'));
  const gitView = isOffline(flags) ? { ...view, env: { ...view.env, ...ONLY_THIS_MACHINE } } : view;
  const git = repositoryOnce(project, gitView, join(home, 'submodules'));
  const remotes = remotesOnFirstUse(
    () =>
      remoteRepositories(gitView.env, {
        caches: join(home, 'local_cache'),
        directory: project.directory,
        offline: isOffline(flags),
      }),
    view.signal,
  );
  const session: Session = {
    version: VERSION,
    project,
    host: {
      home,
      platform: hostPlatform(view.architecture),
      runDirectory: temporary.path,
      temporary: parent,
      dockerConfig: resolve(view.cwd, flags.dockerConfig ?? join(view.homeDirectory, '.docker')),
    },
    env: view.env,
    ports: {
      git: git.open,
      remotes,
      builder,
      stages,
      terminals,
      images,
      freshStore: fresh.make,
      registry: nativeRegistry(engine),
      archives: nativeArchives(engine),
      signIn: nativeSignIn(engine),
      credentials: (directory) => dockerCredentials(directory, view.env),
      dockerfile: nativeDockerfileReader(engine, temporary.path),
      templates: nativeTemplates(engine),
      locks: locksOf(options, home),
      warmUp: engine.warmUp,
    },
    progress,
    colored,
    write: (text) => view.stdout.write(text),
    read: view.readInput,
    secrets,
    signal: view.signal,
    clock: view.clock,
  };
  return {
    session,
    close: () => closeAll([engine.close, fresh.close, git.close, remotes.close, temporary.remove], progress),
  };
}

/** Among the images of the run first, then among all builders that the options name. */
function locksOf({ flags, view, progress, secrets }: AssembleOptions, home: string): Locks {
  const place: Synchronization = flags.synchronization ?? { kind: 'local' };
  for (const secret of secretsOfSynchronization(place)) secrets.add(secret);
  const { env, clock } = view;
  const address = describeSynchronization(place);
  const warn: WarnOfLocks = (problem) => progress.emit({ kind: 'warning', problem });
  // Nobody asked for them: a home that cannot be written to has no other builders anyway.
  const tellQuietly: WarnOfLocks = ({ message }) => progress.emit({ kind: 'debug', line: message });
  const load = async (): Promise<Locks> => {
    switch (place.kind) {
      case 'local':
        return await locksOfMachine(
          join(home, 'service', 'locks'),
          flags.synchronization ? warn : tellQuietly,
        );
      case 'etcd': {
        const { etcdLocks } = await import('../locks/etcd/etcd-locks.ts');
        return await etcdLocks({ place, address, env, warn });
      }
      case 'kubernetes': {
        const { kubernetesLocks } = await import('../locks/kubernetes/kubernetes-locks.ts');
        const source = kubeSourceOf(place, flags, view);
        return await kubernetesLocks({ namespace: place.namespace, source, address, now: clock.now, warn });
      }
    }
  };
  return nestedLocks(inProcessLocks(), locksOnFirstUse(load));
}

async function locksOfMachine(directory: string, warn: WarnOfLocks): Promise<Locks> {
  const [{ machineLocks }, { optionalLocks }] = await Promise.all([
    import('../locks/machine/machine-locks.ts'),
    import('../locks/optional-locks.ts'),
  ]);
  return optionalLocks(machineLocks(directory), directory, warn);
}

/** The store of the user, and those that last no longer than the run. */
function storesOf(options: AssembleOptions, engine: EngineClient, temporary: RunDirectory) {
  const { view, progress } = options;
  const { settings, warnings } = storeSettings(view.env);
  for (const problem of warnings) progress.emit({ kind: 'warning', problem });
  const workshopOf = (client: EngineClient, terminal = view.terminal) =>
    buildahEngine({
      engine: client,
      runDirectory: temporary.path,
      open: settings,
      onOpened: (opened) => tell(progress, opened),
      terminal,
      onTerminal: (taken) => progress.emit({ kind: 'terminal', taken }),
    });
  const fresh = freshStores(temporary.path, ({ directory, env }) => {
    const client = engineClient((store) => startEngine(options, directory, { store, env }));
    return { ...workshopOf(client, null), close: client.close };
  });
  return { ...workshopOf(engine), fresh };
}

async function startEngine(
  { flags, view, progress, secrets }: AssembleOptions,
  directory: string,
  special: { readonly store: boolean; readonly env?: Readonly<Record<string, string>> },
) {
  const [{ locateEngine }, { startEngine: start }] = await Promise.all([
    import('../helper/locate-engine.ts'),
    import('../helper/engine-process.ts'),
  ]);
  const { program: from, architecture, cwd, env } = view;
  const override = env['SLIPWAY_ENGINE'] ?? '';
  const program = await locateEngine({ override, cwd, program: from, architecture });
  return await start({
    program,
    store: special.store,
    version: VERSION,
    env: { ...env, ...special.env },
    mask: secrets.apply,
    settings: engineSettings(flags, view, directory),
    onLog: (line) => progress.emit({ kind: 'debug', line: `engine: ${line}` }),
  });
}

/** Removes what belongs to subordinate ids: that is possible only inside the user namespace. */
async function removeByEngine(options: AssembleOptions, path: string, run: string): Promise<void> {
  const engine = await startEngine(options, run, { store: true });
  try {
    await engine.call('directory.remove', { path }, { signal: new AbortController().signal });
  } finally {
    await engine.close();
  }
}

function engineSettings(
  flags: FlagValues<SessionFlags>,
  { cwd, env }: ProcessView,
  runDirectory: string,
): Settings {
  return {
    insecureRegistry: flags.insecureRegistry,
    skipTlsVerifyRegistry: flags.skipTlsVerifyRegistry,
    dockerConfig: flags.dockerConfig === null ? '' : resolve(cwd, flags.dockerConfig),
    registryMirrors: [...flags.containerRegistryMirror],
    offline: isOffline(flags),
    networkParallelism: networkParallelism(env['WERF_NETWORK_PARALLELISM'] ?? ''),
    runDirectory,
  };
}

/** @param architecture as Node names it */
function hostPlatform(architecture: string): Platform {
  const platform = parsePlatform(architecture === 'x64' ? 'amd64' : architecture);
  if (platform) return platform;
  throw new UserError('PLATFORM_UNKNOWN', `slipway does not know the architecture ${architecture}`);
}

/** So git goes to no other machine, whatever it is asked for. */
const ONLY_THIS_MACHINE = { GIT_ALLOW_PROTOCOL: 'file' };

/** Commands that build have such an option. */
function isOffline(flags: FlagValues<SessionFlags>): boolean {
  return 'offline' in flags && flags.offline === true;
}

/** 0 lets the engine choose. */
function networkParallelism(value: string): number {
  if (value === '') return 0;
  if (/^[1-9][0-9]{0,3}$/.test(value)) return Number(value);
  throw new UserError('CLI_BAD_VALUE', `WERF_NETWORK_PARALLELISM: "${value}" is not a number from 1 to 9999`);
}

/** The repository around the project, opened at the first call. */
function repositoryOnce(
  { directory, workTree }: Session['project'],
  { env, signal }: ProcessView,
  cache: string,
) {
  let opened: Promise<OpenedRepository> | undefined;
  const open = async () => {
    const { chooseAdapter } = await import('../git/cli/choose-adapter.ts');
    const anyVersion = env['WERF_DISABLE_GIT_MIN_VERSION_CONSTRAINT'] === '1';
    return await openRepository({
      directory,
      workTree,
      adapter: (found) =>
        chooseAdapter(found, {
          env,
          cache,
          anyVersion,
          withoutProgram: async (work) =>
            (await import('../git/isomorphic/isomorphic-repository.ts')).isomorphicRepository(
              work.root,
              work.gitDirectory,
            ),
        }),
    });
  };
  const close = async () => {
    const known = await opened?.catch(() => undefined);
    await known?.repository.close();
  };
  // Reading git takes no signal: its end is what stops those who wait for it.
  signal.addEventListener('abort', close, { once: true });
  return {
    open: () => {
      opened ??= open();
      return opened;
    },
    async close() {
      signal.removeEventListener('abort', close);
      await close();
    },
  };
}

async function remoteRepositories(
  env: ProcessView['env'],
  {
    caches,
    directory,
    offline,
  }: { readonly caches: string; readonly directory: string; readonly offline: boolean },
) {
  const [{ cliRemoteRepositories }, { machineLocks }] = await Promise.all([
    import('../git/cli/remote-repositories.ts'),
    import('../locks/machine/machine-locks.ts'),
  ]);
  const { hold } = machineLocks(join(caches, 'locks'));
  return cliRemoteRepositories({ env, cache: join(caches, 'git_repos'), directory, offline, hold });
}

function tell(progress: ProgressSink, { why, warnings }: OpenedStore): void {
  progress.emit({ kind: 'line', line: why });
  for (const message of warnings) progress.emit({ kind: 'warning', problem: { code: 'STORE', message } });
}

/** Every part is closed, also when another one fails to; what ended the command is more important than that. */
async function closeAll(closers: readonly (() => Promise<void>)[], progress: ProgressSink): Promise<void> {
  for (const close of closers) {
    await close().catch((error: unknown) => {
      const message = `not everything could be cleaned up: ${error instanceof Error ? error.message : String(error)}`;
      progress.emit({ kind: 'warning', problem: { code: 'CLEANUP_FAILED', message } });
    });
  }
}
