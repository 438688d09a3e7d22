import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, faultProxy } from '../../registry/fault-proxy.ts';
import { type Builder, makeBuilder } from './builder.ts';
import { type EtcdServer, startEtcd } from './etcd-server.ts';
import { makeNetwork, type NetworkNamespace } from './network.ts';
import { numbers } from './numbers.ts';
import { startRegistry } from './registry.ts';
import { type StormProject, stormProject } from './storm-project.ts';

/** `etcd killed`: the lock server dies in the middle and does not come back. */
export const STORM_LOCKS = ['none', 'etcd', 'etcd killed'] as const;

export interface StormOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly commits: number;
  readonly builders: number;
  readonly locks: (typeof STORM_LOCKS)[number];
}

/** A build that came to its end. */
export interface StormBuild {
  readonly builder: string;
  readonly commit: string;
  readonly exitCode: number | null;
  readonly output: string;
  /** Tag of the last stage of each image; empty where it failed. */
  readonly images: ReadonlyMap<string, string>;
  /** All stages, by `image/stage`. */
  readonly stages: ReadonlyMap<string, string>;
  readonly milliseconds: number;
}

export interface Storm {
  /** Where the registry is reached without faults. */
  readonly registry: string;
  readonly project: StormProject;
  /** Of many builders at once, among faults and kills. */
  readonly repository: string;
  /** Of one builder by itself. */
  readonly clean: string;
  /** While the storm lasted, those that were killed left out. */
  readonly builds: readonly StormBuild[];
  /** Builds that were killed, at which stage or none. */
  readonly killed: number;
  readonly faults: ReadonlyMap<Fault, number>;
  readonly requests: number;
  /** Every commit once more after it, by all builders in turns. */
  readonly after: readonly StormBuild[];
  /** Every commit, by one builder in a repository that nobody else uses. */
  readonly alone: readonly StormBuild[];
  remove(): Promise<void>;
}

/** No build takes longer than this, faults included; else it is stuck. */
const STUCK = 240_000;

interface Participant {
  readonly name: string;
  readonly builder: Builder;
  readonly namespace: NetworkNamespace;
  readonly clone: string;
}

/** Builders in networks and stores of their own build commits at random in one repository, where much goes wrong. */
export async function storm(options: StormOptions): Promise<Storm> {
  const { seconds, seed, locks } = options;
  const undo: (() => unknown)[] = [];
  const remove = async () => {
    for (const step of undo.reverse()) await step();
  };
  try {
    const network = makeNetwork(options.builders + 1);
    undo.push(network.remove);
    const registry = await startRegistry();
    undo.push(registry.stop);
    const trouble = { on: false, next: numbers(seed + 1) };
    const [quiet, ...wild] = network.namespaces;
    if (!quiet) throw new Error('the network is empty');
    const spared = (from: string) => !trouble.on || from === quiet.address;
    const proxy = await faultProxy(registry.host, {
      address: network.address,
      choose: (from) => (spared(from) ? null : faultAt(trouble.next())),
      delay: (from) => (!spared(from) && trouble.next() < 0.1 ? trouble.next() * 1500 : 0),
    });
    undo.push(proxy.stop);
    const etcd = locks === 'none' ? null : await startEtcd(network.address);
    if (etcd) undo.push(etcd.stop);
    const project = await stormProject(`${proxy.host}/busybox:latest`, {
      count: options.commits,
      branches: 5,
      seed,
    });
    undo.push(project.remove);
    const participants = await Promise.all(
      [quiet, ...wild].map((namespace, index) => participant(project, namespace, index, undo)),
    );
    const [loner, ...builders] = participants;
    if (!loner) throw new Error('nobody builds');
    const synchronization = etcd ? `etcd://${etcd.endpoint}` : ':local';
    undo.push(() => network.namespaces.map((namespace) => namespace.kill()));
    const alone = all([loner], project.commits, { repo: `${proxy.host}/clean`, synchronization: ':local' });
    // It is awaited at the end; whatever fails before counts first.
    alone.catch(() => undefined);
    trouble.on = true;
    const rough = await roughly(builders, {
      project,
      target: { repo: `${proxy.host}/storm`, synchronization },
      seconds,
      seed,
      etcd: locks === 'etcd killed' ? etcd : null,
    }).finally(() => (trouble.on = false));
    const after = await all(builders, project.commits, { repo: `${proxy.host}/storm`, synchronization });
    return {
      registry: registry.host,
      project,
      repository: 'storm',
      clean: 'clean',
      ...rough,
      faults: proxy.faults,
      requests: proxy.requests.length,
      after,
      alone: await alone,
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** One request in sixteen goes wrong. */
function faultAt(number: number): Fault | null {
  const faults: readonly Fault[] = ['cut', 'lost', 'half', 'failed', 'busy'];
  return faults[Math.floor(number * 80)] ?? null;
}

async function participant(
  project: StormProject,
  namespace: NetworkNamespace,
  index: number,
  undo: (() => unknown)[],
): Promise<Participant> {
  const builder = await makeBuilder();
  undo.push(builder.remove);
  const clone = await mkdtemp(join(tmpdir(), 'slipway-clone-'));
  undo.push(() => rm(clone, { recursive: true, force: true }));
  execFileSync('git', ['clone', '--quiet', project.root, clone]);
  return { name: index === 0 ? 'alone' : `builder ${index}`, builder, namespace, clone };
}

interface Target {
  readonly repo: string;
  readonly synchronization: string;
}

async function build(
  { name, builder, namespace, clone }: Participant,
  commit: string,
  { repo, synchronization }: Target,
): Promise<StormBuild> {
  const started = Date.now();
  execFileSync('git', ['checkout', '--quiet', '--force', commit], { cwd: clone });
  const report = join(builder.home, 'report.json');
  await rm(report, { force: true });
  const [program, ...words] = namespace.enter;
  const args = ['build', '--repo', repo, '--insecure-registry', '--synchronization', synchronization];
  const child = builder.startOther(
    program,
    [
      ...words,
      process.execPath,
      builder.program,
      ...args,
      '--tmp-dir',
      builder.home,
      '--save-build-report',
      '--build-report-path',
      report,
    ],
    { cwd: clone, env: { WERF_STAPEL_IMAGE_NAME: 'none' } },
  );
  child.stdin.end();
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data));
  const stuck = setTimeout(() => {
    output += `\nSTUCK: no end after ${STUCK} ms\n`;
    namespace.kill();
  }, STUCK);
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(stuck);
  const text = exitCode === 0 ? await readFile(report, 'utf8') : '{"Images":{}}';
  const { Images } = JSON.parse(text) as {
    Images: Record<string, { Stages: { Name: string; DockerTag: string }[] }>;
  };
  const last = Object.entries(Images).map(
    ([image, { Stages }]) => [image, Stages.at(-1)?.DockerTag ?? ''] as const,
  );
  const stages = Object.entries(Images).flatMap(([image, { Stages }]) =>
    Stages.map(({ Name, DockerTag }) => [`${image}/${Name}`, DockerTag] as const),
  );
  const milliseconds = Date.now() - started;
  return {
    builder: name,
    commit,
    exitCode,
    output,
    images: new Map(last),
    stages: new Map(stages),
    milliseconds,
  };
}

/** Builds every commit once, each by whoever is free. */
async function all(
  participants: readonly Participant[],
  commits: readonly string[],
  target: Target,
): Promise<readonly StormBuild[]> {
  const left = [...commits];
  const builds: StormBuild[] = [];
  await Promise.all(
    participants.map(async (participant) => {
      for (let commit = left.shift(); commit !== undefined; commit = left.shift())
        builds.push(await build(participant, commit, target));
    }),
  );
  return builds;
}

async function roughly(
  participants: readonly Participant[],
  {
    project: { commits },
    target,
    seconds,
    seed,
    etcd,
  }: {
    readonly project: StormProject;
    readonly target: Target;
    readonly seconds: number;
    readonly seed: number;
    readonly etcd: EtcdServer | null;
  },
): Promise<Pick<Storm, 'builds' | 'killed'>> {
  const end = Date.now() + seconds * 1000;
  const builds: StormBuild[] = [];
  let killed = 0;
  const marked = new Set<string>();
  const building = participants.map(async (participant, index) => {
    const next = numbers(seed * 100 + index);
    while (Date.now() < end) {
      const commit = commits[Math.floor(next() * commits.length)] ?? '';
      const done = await build(participant, commit, target);
      if (marked.delete(participant.name)) killed++;
      else builds.push(done);
    }
  });
  const killing = (async () => {
    const next = numbers(seed * 100 + 99);
    while (Date.now() < end) {
      const pause = 1000 + next() * 8000;
      await sleep(Math.max(0, Math.min(pause, end - Date.now())));
      const victim = participants[Math.floor(next() * participants.length)];
      if (victim && Date.now() < end && victim.namespace.kill() > 0) marked.add(victim.name);
    }
  })();
  const ending = (async () => {
    if (!etcd) return;
    await sleep((seconds * 1000) / 2);
    await etcd.kill();
  })();
  await Promise.all([...building, killing, ending]);
  return { builds, killed };
}
