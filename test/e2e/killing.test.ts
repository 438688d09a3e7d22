import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder, RUNGS, runningEngines } from './support/builder.ts';
import { config, makeProject } from './support/project.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';

/** SOAK_KILLS and SOAK_SEED: how often, and at which moments. */
const ROUNDS = Number(process.env['SOAK_KILLS'] ?? 2);
const SEED = Number(process.env['SOAK_SEED'] ?? 1);
/** Milliseconds; a build of the project takes about as long. */
const LONGEST = 1_600;

let registry: TestRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.stop());

/** Numbers in [0, 1) that are the same for the same seed. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function pidsOf(pattern: string): readonly number[] {
  const list = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).split('\n');
  return list.filter((line) => line.includes(pattern)).map((line) => Number.parseInt(line, 10));
}

/** Beside overlay's own, which the library makes and keeps in a namespace of the engine. */
function mountsBelow(path: string): readonly string[] {
  return execFileSync('awk', ['{print $2}', '/proc/mounts'], { encoding: 'utf8' })
    .split('\n')
    .filter((mount) => mount.startsWith(path));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

describe.each(Object.entries(RUNGS))('ended at any moment: %s', (name, rung) => {
  let builder: Builder;
  let project: Fixture;
  beforeAll(async () => {
    builder = await makeBuilder(rung);
    const many = Array.from({ length: 200 }, (_, i) => [`src/file${i}`, `${i}\n`.repeat(200)] as const);
    project = await makeProject({
      'werf.yaml': config(),
      Dockerfile: [
        `FROM ${registry.host}/busybox:latest AS one`,
        'COPY src /src',
        'RUN cat /src/* > /all && sleep 0.2',
        `FROM ${registry.host}/busybox:latest`,
        'COPY --from=one /all /all',
        'COPY round /round',
        'RUN cp /round /copy && sleep 0.2',
        '',
      ].join('\n'),
      round: '0',
      ...Object.fromEntries(many),
    });
  });
  afterAll(async () => {
    await builder.remove();
    await project.remove();
  });

  const repository = `kills-${name.replaceAll(' ', '-')}`;
  const args = () => ['build', '--repo', `${registry.host}/${repository}`, '--tmp-dir', builder.home];

  it.each(Array.from({ length: ROUNDS }, (_, round) => round))('round %i', async (round) => {
    const next = numbers(SEED * 1000 + round);
    next();
    const [moment, whom, gently] = [next() * LONGEST, next(), next() < 0.3];
    await project.write({ round: `${SEED}.${round}` });
    await project.commit(`round ${round}`);
    const victim = builder.start(args(), { cwd: project.root });
    victim.stdout.resume();
    victim.stderr.resume();
    const ended = new Promise<void>((resolve) => victim.once('close', () => resolve()));
    await sleep(moment);
    // The command by SIGTERM, or -9 for the command, its engines, or all at once.
    if (gently) victim.kill('SIGTERM');
    else if (whom < 0.66 && victim.pid !== undefined) kill(victim.pid);
    if (!gently && whom > 0.33) for (const line of runningEngines()) kill(Number.parseInt(line, 10));
    await ended;
    // A command that is killed while it starts an engine leaves a copy of itself, which becomes that engine.
    const alive = () => [...pidsOf(builder.program), ...runningEngines()];
    for (let i = 0; i < 100 && alive().length > 0; i++) await sleep(100);
    expect(alive()).toEqual([]);

    const { exitCode, stdout, stderr } = await builder.run(args(), { cwd: project.root });
    expect(exitCode, stderr).toBe(0);
    if (!stdout.includes('Building stage')) {
      // All was published before the kill: nothing opened the store since. Whoever does next clears it.
      await builder.run(['build', '--tmp-dir', builder.home], { cwd: project.root });
    }
    expect(await builder.containers()).toEqual([]);
    expect(await builder.halfMade()).toEqual([]);
    expect(mountsBelow(builder.home)).toEqual([]);
    expect(pidsOf('sleep 0.2')).toEqual([]);
    const left = execFileSync('find', [builder.home, '-maxdepth', '1', '-name', 'werf-*'], {
      encoding: 'utf8',
    });
    expect(left).toBe('');
    const image = new RegExp(`name: ${registry.host}/(\\S+)`).exec(stdout)?.[1] ?? '';
    expect(filesOf(image)).toEqual([`${SEED}.${round}`, `${SEED}.${round}`]);
    // Whatever has a tag is whole.
    for (const tag of registry.stages(repository)) filesOf(`${repository}:${tag}`);
  });

  /** `/round` and `/copy` of an image in the registry, every blob of which is read and checked. */
  function filesOf(image: string): readonly string[] {
    const directory = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
    try {
      const source = `docker://${registry.host}/${image}`;
      execFileSync('skopeo', [
        '--insecure-policy',
        'copy',
        '-q',
        '--src-tls-verify=false',
        source,
        `oci:${directory}/oci:x`,
      ]);
      execFileSync('umoci', ['unpack', '--image', `${directory}/oci:x`, `${directory}/bundle`], {
        stdio: 'ignore',
      });
      const text = (path: string) =>
        execFileSync('cat', [`${directory}/bundle/rootfs/${path}`], { encoding: 'utf8' });
      return [text('round'), text('copy')];
    } finally {
      execFileSync('rm', ['-rf', directory]);
    }
  }
});
