import { createHash } from 'node:crypto';
import { type MappingRun, mappingRun } from '../../src/conveyor/stapel/mapping-run.ts';
import type { ObjectId } from '../../src/git/objects.ts';
import type { GitRepository } from '../../src/git/repository.ts';
import type { Platform } from '../../src/oci/platform.ts';
import { mappingHash, mappingLabels } from '../../src/stages/mapping-identity.ts';
import type { StageDigest } from '../../src/stages/stage-digest.ts';
import { formatStageId, type StageId } from '../../src/stages/stage-id.ts';
import type { StageStorage, StoredStage } from '../../src/storage/stage-storage.ts';
import { gitMapping } from '../stages/git-mapping.ts';

/** Where stages of a digest lie: the commits that they record, in the order in which they were saved. */
export type Recorded = ReadonlyMap<StageDigest, readonly string[]>;

const mapping = gitMapping();

export function digestNamed(name: string): StageDigest {
  return createHash('sha3-224').update(name).digest('hex') as StageDigest;
}

/** A storage of stages that exist in name only: a registry with so many would have to be filled for hours. */
export function manyStages(recorded: Recorded): StageStorage & { described(): number } {
  const names = mappingLabels(mappingHash(mapping));
  const stages = new Map<string, StoredStage>();
  for (const [digest, commits] of recorded) {
    commits.forEach((commit, i) => {
      const id: StageId = { digest, timestamp: 1_700_000_000_000 + i };
      const labels = new Map([
        [names.commit, commit],
        [names.type, 'directory'],
      ]);
      stages.set(formatStageId(id), { id, name: formatStageId(id), facts: facts(labels) });
    });
  }
  let described = 0;
  const refuse = () => Promise.reject(new Error('nothing is built here'));
  return {
    kind: 'repository',
    address: 'registry.example.com/demo',
    // A registry lists tags by name, of all digests, and not in the order in which they were saved.
    candidates: async (digest) =>
      [...stages.values()]
        .map(({ id }) => id)
        .filter((id) => id.digest === digest)
        .reverse(),
    async describe(id) {
      described++;
      return stages.get(formatStageId(id)) ?? null;
    },
    confirm: async () => true,
    reject: refuse,
    configuration: refuse,
    save: refuse,
    reference: formatStageId,
    described: () => described,
  };
}

function facts(labels: ReadonlyMap<string, string>): StoredStage['facts'] {
  return {
    id: 'sha256:1',
    digest: 'sha256:2',
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    created: new Date(0),
    size: 1,
    platform: 'linux/amd64' as Platform,
    labels,
    env: [],
    onBuild: [],
  };
}

/** The mapping whose commits the stages record, at a commit. */
export async function mappingAt(repository: GitRepository, id: string): Promise<MappingRun> {
  const commit = await repository.commits.commit(id as ObjectId);
  if (commit === null) throw new Error(`there is no commit ${id}`);
  return await mappingRun(mapping, {
    repository,
    commit,
    prefix: '',
    reader: { match: () => Promise.reject(new Error('the mapping has no masks')) },
    date: commit.committedAt,
    signal: new AbortController().signal,
    onPointer: () => undefined,
  });
}
