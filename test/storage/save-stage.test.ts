import { describe, expect, it } from 'vitest';
import type { Platform } from '../../src/oci/platform.ts';
import type { StageDigest } from '../../src/stages/stage-digest.ts';
import { formatStageId, type StageId } from '../../src/stages/stage-id.ts';
import { anyStage } from '../../src/storage/first-usable.ts';
import { saveStage } from '../../src/storage/save-stage.ts';
import type { StageStorage, StoredStage } from '../../src/storage/stage-storage.ts';

const digest = 'a'.repeat(56) as StageDigest;
const waiting = {
  signal: new AbortController().signal,
  onLine: () => undefined,
  onBytes: () => undefined,
};

/** A repository whose savers take turns as a test wants: what runs between their steps is up to it. */
function repository(between: { readonly listed?: () => Promise<unknown> } = {}): StageStorage {
  const stages = new Map<string, StoredStage>();
  let listed = between.listed;
  const refuse = () => Promise.reject(new Error('not asked for here'));
  const describe = async (id: StageId) => stages.get(formatStageId(id)) ?? null;
  return {
    kind: 'repository',
    address: 'registry.example.com/demo',
    async candidates() {
      const ids = [...stages.values()].map(({ id }) => id);
      const now = listed;
      listed = undefined;
      await now?.();
      return ids;
    },
    describe,
    confirm: async () => true,
    reject: refuse,
    configuration: refuse,
    async save(_, id) {
      if (await describe(id)) return null;
      const stage = { id, name: formatStageId(id), facts };
      stages.set(stage.name, stage);
      return stage;
    },
    reference: formatStageId,
  };
}

const save = (storage: StageStorage, now: number) =>
  saveStage({
    storage,
    digest,
    made: { kind: 'image', image: 'sha256:1' },
    notBefore: 0,
    suitable: anyStage,
    now: () => now,
    waiting,
  });

describe('saving a stage', () => {
  it('uses what was saved before', async () => {
    const storage = repository();
    expect((await save(storage, 1_700_000_000_005)).kind).toBe('saved');
    const second = await save(storage, 1_700_000_000_009);
    expect(second).toMatchObject({ kind: 'discarded', stage: { id: { timestamp: 1_700_000_000_005 } } });
  });

  it('takes the next free millisecond where the clock stands behind', async () => {
    const storage = repository();
    await storage.save({ kind: 'image', image: '' }, { digest, timestamp: 1_700_000_000_005 }, waiting);
    const stage = await saveStage({
      storage,
      digest,
      made: { kind: 'image', image: '' },
      notBefore: 0,
      suitable: async () => [],
      now: () => 1_700_000_000_001,
      waiting,
    });
    expect(stage).toMatchObject({ kind: 'saved', stage: { id: { timestamp: 1_700_000_000_006 } } });
  });

  it('uses the earlier of two that did not see each other', async () => {
    const earlier = { now: 1_700_000_000_001 };
    const storage = repository({ listed: () => save(storage, earlier.now) });
    const late = await save(storage, 1_700_000_000_005);
    expect(late).toMatchObject({ kind: 'discarded', stage: { id: { timestamp: earlier.now } } });
  });

  it('keeps its own where the other is the later one', async () => {
    const storage = repository({ listed: () => save(storage, 1_700_000_000_009) });
    const own = await save(storage, 1_700_000_000_005);
    expect(own).toMatchObject({ kind: 'saved', stage: { id: { timestamp: 1_700_000_000_005 } } });
  });
});

const facts: StoredStage['facts'] = {
  id: 'sha256:1',
  digest: 'sha256:2',
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  created: new Date(0),
  size: 1,
  platform: 'linux/amd64' as Platform,
  labels: new Map(),
  env: [],
  onBuild: [],
};
