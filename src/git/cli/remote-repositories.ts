import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../../diagnostics/user-error.ts';
import type {
  RemoteRepositories,
  RemoteRepository,
  RemoteRequest,
  RemoteTarget,
} from '../remote-repositories.ts';
import type { GitRepository } from '../repository.ts';
import { repositoryAt } from './cli-repository.ts';
import { isInstalled } from './find-program.ts';
import { gitProgram } from './git-program.ts';
import { type Mirror, mirrorIn } from './mirror.ts';
import { type RemoteAddress, remoteAddress } from './remote-address.ts';
import { type FailedRemote, referenceMissing, remoteFailure, remoteFailureKind } from './remote-failure.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface RemoteParts {
  readonly env: Environment;
  /** Absolute path of the directory of the copies; made if it is missing. */
  readonly cache: string;
  /** Absolute path of what paths in requests are relative to. */
  readonly directory: string;
  /** Nothing is fetched: what is not here already is missing. */
  readonly offline?: boolean;
  /** Keeps other processes off while it works. */
  readonly hold: <T>(name: string, signal: AbortSignal, work: () => Promise<T>) => Promise<T>;
}

/** Copies of remote repositories that the git program makes: of each one for its history, one for single commits. */
export function cliRemoteRepositories(parts: RemoteParts): RemoteRepositories {
  const opened = new Map<string, Promise<RemoteRepository>>();
  return {
    open(request, signal) {
      const { url, target, credentials } = request;
      const key = JSON.stringify([url, target, credentials]);
      const known = opened.get(key) ?? open(parts, request, signal);
      opened.set(key, known);
      return known;
    },
    async close() {
      for (const one of opened.values())
        await one.then(
          ({ repository }) => repository.close(),
          () => undefined,
        );
    },
  };
}

/** A remote repository, and how it is got at. */
interface Remote extends FailedRemote {
  readonly address: RemoteAddress;
  readonly env: Environment;
  /** Absolute path of its directory in the cache. */
  readonly place: string;
  readonly offline: boolean;
}

async function open(
  parts: RemoteParts,
  request: RemoteRequest,
  signal: AbortSignal,
): Promise<RemoteRepository> {
  if (!(await isInstalled('git', parts.env['PATH'] ?? ''))) throw needsGit(request.name);
  const { target, name } = request;
  const address = remoteAddress(request, parts.directory);
  const { url, secrets } = address;
  const place = join(parts.cache, createHash('sha256').update(url).digest('hex'));
  await mkdir(place, { recursive: true });
  const env = { ...(await withoutQuestions(parts.env, place)), ...address.env };
  const remote: Remote = {
    name,
    url,
    secrets,
    wanted: described(target),
    address,
    env,
    place,
    offline: parts.offline ?? false,
  };
  const [mirror, id] = await parts.hold(`git ${place}`, signal, () =>
    target.kind === 'commit'
      ? commitOf(remote, target.commit.toLowerCase(), signal)
      : tipOf(remote, target, signal),
  );
  const { directory } = mirror;
  const repository = repositoryAt({
    directory,
    env,
    cache: join(parts.cache, 'submodules'),
    standsAt: id,
    options: { settings: address.settings, gitDirectory: directory },
  });
  return { repository, commit: await headOf(repository, remote) };
}

async function headOf(repository: GitRepository, remote: Remote) {
  const commit = await repository.commits.head();
  if (commit !== null) return commit;
  await repository.close();
  throw referenceMissing(remote);
}

type Found = readonly [mirror: Mirror, commit: string];

/** The commit that a branch or a tag names now. Nothing is fetched that is here already. */
async function tipOf(
  remote: Remote,
  target: Exclude<RemoteTarget, { kind: 'commit' }>,
  signal: AbortSignal,
): Promise<Found> {
  const reference = referenceOf(target);
  if (remote.offline) return await keptTip(remote, ownReference(reference), target.kind !== 'tag');
  const listed = await gitProgram(
    remote.place,
    {
      ...remote.env,
      // A repository around the cache is not meant.
      GIT_CEILING_DIRECTORIES: dirname(remote.place),
    },
    remote.address,
  ).attempt(['ls-remote', '--quiet', '--', remote.url, reference], signal);
  if (listed.status !== 0) throw remoteFailure(remote, listed.said);
  const tip = listed.text
    .split('\n')
    .map((line) => line.split('\t'))
    .find(([, ref]) => ref === reference)?.[0];
  if (tip === undefined) throw referenceMissing(remote);
  const isWhole = target.kind !== 'tag';
  const mirror = mirrorOf(remote, isWhole ? 'history' : 'commits', tip.length);
  const own = ownReference(reference);
  if ((await mirror.git.attempt(['rev-parse', '--quiet', '--verify', own], signal)).text !== tip) {
    await mirror.prepare();
    const options = isWhole ? [] : ['--depth=1'];
    const fetched = await mirror.fetch(options, [`${reference}:${own}`], signal);
    if (fetched.status !== 0) throw remoteFailure(remote, fetched.said);
    await mirror.tidy(signal);
  }
  const commit = await mirror.commit(own);
  if (commit === null) throw referenceMissing(remote);
  return [mirror, commit];
}

/** What a branch or a tag named when it was fetched last. */
async function keptTip(remote: Remote, own: string, isWhole: boolean): Promise<Found> {
  for (const digits of [40, 64]) {
    const mirror = mirrorOf(remote, isWhole ? 'history' : 'commits', digits);
    const commit = await mirror.commit(own);
    if (commit !== null) return [mirror, commit];
  }
  throw notHere(remote);
}

function notHere({ name, wanted }: Remote): UserError {
  return new UserError('OFFLINE', `${wanted} of the git repository ${name}`, {
    hint: 'build once without --offline: what is fetched then is kept',
  });
}

/** A commit, alone where the server gives it, otherwise among everything that the server has. */
async function commitOf(remote: Remote, id: string, signal: AbortSignal): Promise<Found> {
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id)) throw referenceMissing(remote);
  const [alone, whole] = [mirrorOf(remote, 'commits', id.length), mirrorOf(remote, 'history', id.length)];
  for (const mirror of [alone, whole]) if ((await mirror.commit(id)) === id) return [mirror, id];
  if (remote.offline) throw notHere(remote);
  await alone.prepare();
  const single = await alone.fetch(['--depth=1'], [`${id}:${ownReference(id)}`], signal);
  if (single.status === 0 && (await alone.commit(id)) === id) {
    await alone.tidy(signal);
    return [alone, id];
  }
  if (['denied', 'no-repository', 'unreachable'].includes(remoteFailureKind(single.said))) {
    throw remoteFailure(remote, single.said);
  }
  await whole.prepare();
  const refspecs = ['refs/heads/*:refs/all/heads/*', 'refs/tags/*:refs/all/tags/*'];
  const all = await whole.fetch(['--prune'], refspecs, signal);
  if (all.status !== 0) throw remoteFailure(remote, all.said);
  await whole.tidy(signal);
  if ((await whole.commit(id)) !== id) throw referenceMissing(remote);
  return [whole, id];
}

function mirrorOf({ place, env, address }: Remote, what: 'history' | 'commits', digits: number): Mirror {
  const format = digits === 64 ? 'sha256' : 'sha1';
  const directory = join(place, format === 'sha1' ? what : `${what}-${format}`);
  return mirrorIn(directory, env, address, format);
}

function referenceOf(target: Exclude<RemoteTarget, { kind: 'commit' }>): string {
  if (target.kind === 'default-branch') return 'HEAD';
  return target.kind === 'branch' ? `refs/heads/${target.branch}` : `refs/tags/${target.tag}`;
}

/** Names without directories: a branch `a` may give way to a branch `a/b`. */
function ownReference(name: string): string {
  return `refs/fetched/${createHash('sha256').update(name).digest('hex')}`;
}

function described(target: RemoteTarget): string {
  if (target.kind === 'default-branch') return 'a default branch (is it empty?)';
  if (target.kind === 'branch') return `the branch "${target.branch}"`;
  return target.kind === 'tag'
    ? `the tag "${target.tag}", or it is not that of a commit`
    : `the commit ${target.commit}`;
}

/** Git asks nobody; ssh would, unless it is told not to in a command that the user has not chosen. */
async function withoutQuestions(env: Environment, directory: string): Promise<Environment> {
  if (env['GIT_SSH_COMMAND'] || env['GIT_SSH']) return env;
  const { text } = await gitProgram(directory, env).attempt(['config', '--get', 'core.sshCommand']);
  return text === '' ? { ...env, GIT_SSH_COMMAND: 'ssh -oBatchMode=yes -oConnectTimeout=30' } : env;
}

function needsGit(name: string): UserError {
  return new UserError(
    'GIT_PROGRAM_MISSING',
    `the remote git repository ${name} needs the git program, which is not installed`,
    { hint: 'apt-get install git, or the like' },
  );
}
