// The engine, alone: `slipway-engine bench` prints what it measured, pushes are timed calls.
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { enginePath } from '../engine-client.mjs';
import { run } from './run-program.mjs';
import { emptyStore, removeMounted } from './store.mjs';

/** Whether the engine is there and knows `bench`: it commits a layer of one small file. @returns '' or what is wrong */
export function slipwayObstacle(work, env) {
  const contents = mkdtempSync(join(work, 'trial-'));
  writeFileSync(join(contents, 'file'), 'some text\n');
  const store = emptyStore(work, env);
  try {
    slipwayCommit({}, store, contents);
    return '';
  } catch (error) {
    return error.message.split('\n').slice(0, 2).join(': ');
  } finally {
    removeMounted(store.directory);
  }
}

/** @returns seconds of the commit alone, those of processors, MiB of the engine at its largest; the store knows its image */
export function slipwayCommit(_, store, contents) {
  const { seconds, cpu, rss, image } = JSON.parse(
    run(enginePath(store.env), ['bench', 'commit', contents], store.env),
  );
  store.image = image;
  return { seconds, cpu, rss };
}

export function slipwaySteps(_, store, image, count) {
  const text = run(enginePath(store.env), ['bench', 'runs', image, String(count)], store.env);
  return { seconds: JSON.parse(text).seconds };
}

/** The call alone: the engine runs and has its store open. */
export async function slipwayPush({ withEngine }, store, address) {
  return await withEngine(store.env, async (call) => {
    run('sync', [], store.env);
    const start = process.hrtime.bigint();
    await call('image.push', { image: store.image, reference: `${address}/bench:latest` });
    return { seconds: Number(process.hrtime.bigint() - start) / 1e9 };
  });
}

export async function slipwayPull({ withEngine }, store, reference) {
  await withEngine(store.env, async (call) => {
    const platform = `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`;
    await call('image.pull', { reference, policy: 'missing', platform });
  });
}

/** The largest blob that a commit left in the store. */
export function blobOf({ graph }) {
  const directory = join(graph, 'slipway-blobs');
  const blobs = readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({ name, ...JSON.parse(readFileSync(join(directory, name), 'utf8')) }))
    .sort((a, b) => b.size - a.size);
  if (!blobs[0]) throw new Error(`${directory} holds no blob`);
  return { file: join(directory, blobs[0].name.slice(0, -'.json'.length)), digest: blobs[0].digest };
}
