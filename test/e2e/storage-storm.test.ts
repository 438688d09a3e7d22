import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageReader } from './support/image-content.ts';
import { STORM_LOCKS, type Storm, type StormBuild, storm } from './support/storm.ts';
import { STORM_IMAGES } from './support/storm-project.ts';

/** STORM_MINUTES, SOAK_SEED, STORM_LOCKS: how long, which faults and kills, and with which locks. */
const MINUTES = Number(process.env['STORM_MINUTES'] ?? 0);
const SEED = Number(process.env['SOAK_SEED'] ?? 1);
const LOCKS = STORM_LOCKS.find((locks) => locks === process.env['STORM_LOCKS']) ?? 'none';
const BOUNDED = MINUTES === 0;
const STAGE = /^[0-9a-f]{56}-\d{13}$/;

let result: Storm;
beforeAll(
  async () => {
    result = await storm({
      seconds: BOUNDED ? 15 : MINUTES * 60,
      seed: SEED,
      commits: BOUNDED ? 10 : 40,
      builders: 6,
      locks: LOCKS,
    });
    if (!BOUNDED) console.log(await summary(result).catch(String));
  },
  (MINUTES + 30) * 60_000,
);
afterAll(() => result?.remove());

describe('builders that share a repository in a storm', { timeout: 600_000 }, () => {
  it('come to an end, and fail for nothing but what the registry did', () => {
    const stuck = result.builds.filter(({ output }) => output.includes('STUCK'));
    expect(stuck.map(({ output }) => output.slice(-2000))).toEqual([]);
    const other = result.builds.filter((build) => build.exitCode !== 0 && !failedByRegistry(build));
    expect(other.map(({ output }) => output.slice(-2000))).toEqual([]);
    for (const { exitCode, output } of [...result.after, ...result.alone]) expect(exitCode, output).toBe(0);
  });

  it('leave every image of every commit as a builder by itself makes it', async () => {
    const reader = imageReader(result.registry);
    const alone = new Map(result.alone.map(({ commit, images }) => [commit, images]));
    const wrong: string[] = [];
    const compared = new Set<string>();
    for (const { commit, images, builder } of [...result.builds, ...result.after]) {
      for (const [image, tag] of images) {
        const made = await reader.content(result.repository, tag);
        const right = await reader.content(result.clean, alone.get(commit)?.get(image) ?? '');
        compared.add(tag);
        const differing = [...new Set([...made.keys(), ...right.keys()])].filter(
          (path) => made.get(path) !== right.get(path),
        );
        if (differing.length > 0) wrong.push(`${builder}: ${image} at ${commit}: ${differing.join(', ')}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(compared.size).toBeGreaterThan(result.project.commits.length);
    const [first] = result.after;
    const app = await reader.content(result.repository, first?.images.get('app') ?? '');
    expect([...app.keys()]).toEqual(expect.arrayContaining(['configured', 'base/version', 'bin/busybox']));
    expect(result.after.map(({ images }) => [...images.keys()].sort())).toEqual(
      result.after.map(() => [...STORM_IMAGES].sort()),
    );
  });

  it('lose no stage, and publish none by half', async () => {
    const reader = imageReader(result.registry);
    const tags = await reader.tags(result.repository);
    const stages = tags.filter((tag) => STAGE.test(tag));
    const reported = new Set(
      [...result.builds, ...result.after].flatMap(({ images }) => [...images.values()]),
    );
    expect([...reported].filter((tag) => !stages.includes(tag))).toEqual([]);
    for (const tag of stages) await reader.content(result.repository, tag);
    // The registry has lost nothing: whoever rejects a stage has misread a fault.
    expect(tags.filter((tag) => tag.endsWith('-rejected'))).toEqual([]);
  });

  it('have recorded every commit', async () => {
    const tags = await imageReader(result.registry).tags(result.repository);
    const missing = result.project.commits.filter(
      (commit) =>
        tags.filter((tag) => tag.startsWith('meta-') && tag.includes(commit)).length < STORM_IMAGES.length,
    );
    expect(missing).toEqual([]);
  });
});

function failedByRegistry({ output }: StormBuild): boolean {
  return /answered (?:5\d\d|429)|status code|too many requests|EOF|connection reset/i.test(errorOf(output));
}

/** What a command that failed says last. */
function errorOf(output: string): string {
  return output.slice(output.lastIndexOf('\nError: ') + 1).trim();
}

async function summary(of: Storm): Promise<string> {
  const { builds, after, alone, faults, killed, requests } = of;
  const reader = imageReader(of.registry);
  const stages = (await reader.tags(of.repository)).filter((tag) => STAGE.test(tag));
  const clean = (await reader.tags(of.clean)).filter((tag) => STAGE.test(tag));
  const count = (list: readonly StormBuild[], pattern: RegExp) =>
    list.reduce((sum, { output }) => sum + [...output.matchAll(pattern)].length, 0);
  const all = [...builds, ...after];
  const digests = (tags: readonly string[]) => new Set(tags.map((tag) => tag.slice(0, 56))).size;
  const twice = duplicates([...builds, ...after]);
  const longest = Math.max(...all.map(({ milliseconds }) => milliseconds));
  return [
    `locks: ${LOCKS}; seed ${SEED}; ${of.project.commits.length} commits, ${MINUTES} minutes`,
    `builds ${builds.length}, of which failed ${builds.filter(({ exitCode }) => exitCode !== 0).length}; killed ${killed}; the longest took ${(longest / 1000).toFixed(1)} s`,
    `requests ${requests}; faults ${[...faults].map(([name, times]) => `${name} ${times}`).join(', ')}`,
    `stages: ${stages.length} of ${digests(stages)} digests; by one builder alone ${clean.length} of ${digests(clean)}`,
    `built more than once: ${stages.length - digests(stages) + count(all, /Discarding newly built image/g)}, branches that need stages of their own included`,
    `building began ${count(all, /Building stage /g)} times in builds that ended; discarded ${count(all, /Discarding newly built image/g)}`,
    ...builds
      .filter(({ exitCode }) => exitCode !== 0)
      .map(({ output }) => `failed: ${errorOf(output).replaceAll(/[0-9a-f]{40,}/g, '…')}`),
    `digests of which two stages are in use: ${[...twice].map(([name, times]) => `${name} ${times}`).join(', ') || 'none'}`,
    `after the storm ${after.length} builds, which began to build ${count(after, /Building stage /g)} stages; alone ${count(alone, /Building stage /g)}`,
  ].join('\n');
}

/** How many digests of each stage have several tags in use; where git decides, one for each branch may be right. */
function duplicates(builds: readonly StormBuild[]): ReadonlyMap<string, number> {
  const tags = new Map<string, Set<string>>();
  for (const { stages } of builds) {
    for (const [name, tag] of stages) {
      const key = `${name} ${tag.slice(0, 56)}`;
      tags.set(key, (tags.get(key) ?? new Set()).add(tag));
    }
  }
  const found = new Map<string, number>();
  for (const [key, { size }] of tags) {
    const [name = ''] = key.split(' ');
    if (size > 1) found.set(name, (found.get(name) ?? 0) + 1);
  }
  return found;
}
