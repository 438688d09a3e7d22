// The order of everything: cases, turns, fresh storages and registries.
import { mkdtempSync, realpathSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineClient } from '../engine-client.mjs';
import { manyFiles, oneFile } from './contents.mjs';
import { layeredImage } from './layered-image.mjs';
import * as peer from './peers.mjs';
import { withRegistry } from './registry.mjs';
import { run } from './run-program.mjs';
import * as slipway from './slipway.mjs';
import { emptyStore, removeMounted } from './store.mjs';
import { results } from './table.mjs';

const MEGABYTE = 1_000_000;
const STEPS = 20;

/** Prints what happens on standard error and the table on standard output; leaves nothing behind. */
export async function measureAll({ runs, cases, big, env }) {
  const work = realpathSync(mkdtempSync(join(tmpdir(), 'slipway-bench-')));
  const measured = results();
  // A signal ends the program that runs, and so everything; what was made is removed.
  let stopped = '';
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => (stopped = signal));
  try {
    const bench = await prepare(work, env, measured);
    bench.go = () => {
      if (stopped) throw new Error(`stopped by ${stopped}`);
    };
    const rounds = [
      ...Array.from({ length: runs }, (_, i) => cases.map((name) => () => round(bench, name, i))).flat(),
      ...(big ? [() => round(bench, 'big', 0)] : []),
    ];
    for (const each of rounds) await each();
  } finally {
    removeMounted(work);
    if (!measured.isEmpty()) console.log(measured.text(describeMachine()));
  }
}

/** Who takes part, and a storage environment that knows nothing of the caller's. */
async function prepare(work, env, measured) {
  const base = { PATH: env.PATH, ...(env.SLIPWAY_ENGINE ? { SLIPWAY_ENGINE: env.SLIPWAY_ENGINE } : {}) };
  const programs = peer.locatePeers(env);
  const missing = Object.keys(programs).filter((name) => programs[name] === '');
  for (const name of missing) console.error(`${name}: left out, there is no such program in PEERS (or PATH)`);
  const obstacle = slipway.slipwayObstacle(work, base);
  if (obstacle !== '') console.error(`slipway: left out, ${obstacle}`);
  const present = ['slipway', 'buildah', 'skopeo', 'curl'].filter((name) =>
    name === 'slipway' ? obstacle === '' : programs[name] !== '',
  );
  const withEngine = obstacle === '' ? await engineClient(work) : undefined;
  return { work, base, measured, present, withEngine, contents: new Map(), ...programs };
}

async function round(bench, name, turn) {
  if (name === 'steps') return await stepsRound(bench, turn);
  const [what, make] = {
    file: ['one file of 700 MB', (directory) => oneFile(directory, 700 * MEGABYTE)],
    many: ['20,000 files', manyFiles],
    big: ['one file of 4 GB', (directory) => oneFile(directory, 4000 * MEGABYTE)],
  }[name];
  const directory = join(bench.work, `contents-${name}`);
  if (!bench.contents.has(name)) {
    console.error(`writing ${what}`);
    make(directory);
    bench.contents.set(name, directory);
  }
  await layerRound(bench, { what, directory, turn, push: name !== 'big' });
}

/** Commits in fresh storages, then pushes from them to fresh registries. */
async function layerRound(bench, { what, directory, turn, push }) {
  const stores = new Map();
  const commits = new Map();
  try {
    for (const who of takeTurns(bench, ['slipway', 'buildah'], turn)) {
      stores.set(who, emptyStore(bench.work, bench.base));
      const commit = who === 'slipway' ? slipway.slipwayCommit : peer.buildahCommit;
      const figures = commit(bench, stores.get(who), directory);
      commits.set(who, figures);
      record(bench, `commit, ${what}`, who, figures);
    }
    if (!push) return;
    for (const who of takeTurns(bench, ['slipway', 'skopeo', 'buildah', 'curl'], turn)) {
      const source = who === 'slipway' || who === 'curl' ? 'slipway' : 'buildah';
      const store = stores.get(source);
      if (!store) continue;
      const figures = await withRegistry(bench.work, (address) => pushed(bench, who, store, address));
      record(bench, `push, ${what}`, who, figures);
      if (who === 'curl') continue;
      record(bench, `commit and push, ${what}`, who, sum(commits.get(source), figures));
    }
  } finally {
    for (const store of stores.values()) removeMounted(store.directory);
  }
}

/** What took both; the processors are left out where one of the two does not know them. */
function sum(first, second) {
  const both = { seconds: first.seconds + second.seconds };
  return first.cpu === undefined || second.cpu === undefined
    ? both
    : { ...both, cpu: first.cpu + second.cpu };
}

function pushed(bench, who, store, address) {
  if (who === 'slipway') return slipway.slipwayPush(bench, store, address);
  if (who === 'skopeo') return peer.skopeoPush(bench, store, address);
  if (who === 'buildah') return peer.buildahPush(bench, store, address);
  return peer.bareUpload(bench, store, slipway.blobOf(store), address);
}

/** Run steps in one container over an image of many layers that the storage has. */
async function stepsRound(bench, turn) {
  if (bench.skopeo === '') return console.error('steps: left out, they need skopeo');
  const layout = join(bench.work, 'layered');
  if (!bench.contents.has('steps')) layeredImage(layout, STEPS);
  bench.contents.set('steps', layout);
  await withRegistry(bench.work, async (address) => {
    const image = `${address}/layered:latest`;
    const flags = ['--insecure-policy', 'copy', '-q', '--dest-tls-verify=false', '--dest-no-creds'];
    run(bench.skopeo, [...flags, `oci:${layout}`, `docker://${image}`], bench.base);
    for (const who of takeTurns(bench, ['slipway', 'buildah'], turn)) {
      const store = emptyStore(bench.work, bench.base);
      try {
        if (who === 'slipway') await slipway.slipwayPull(bench, store, image);
        else run(bench.buildah, ['pull', '-q', '--tls-verify=false', image], store.env);
        const steps = who === 'slipway' ? slipway.slipwaySteps : peer.buildahSteps;
        record(bench, `${STEPS} steps over ${STEPS} layers`, who, steps(bench, store, image, STEPS));
      } finally {
        removeMounted(store.directory);
      }
    }
  });
}

/** Those of the names that are present; every second time the other way round, since the first one may have it harder. */
function* takeTurns({ present, go }, names, turn) {
  const here = names.filter((name) => present.includes(name));
  for (const name of turn % 2 === 0 ? here : here.reverse()) {
    go();
    yield name;
  }
}

function record({ measured }, what, who, figures) {
  const memory = figures.rss === undefined ? '' : `, ${Math.round(figures.rss)} MiB`;
  console.error(`${what}: ${who} ${figures.seconds.toFixed(2)} s${memory}`);
  measured.add(what, who, figures);
}

function describeMachine() {
  const [load] = loadavg();
  return `${new Date().toISOString().slice(0, 10)}, ${cpus().length} processors, load ${load.toFixed(1)} at the end`;
}
