// How long choosing a stage takes after 5,000 commits: among 5,000 stages of one digest recorded at the commits of a branch
// (or of an unrelated one), beside 5,000 patches with digests of their own. Usage: node test/bench/choose-stage.mjs [RUNS]
// Prints the least and the most of RUNS (5), each with a new git process; the storage answers at once, a registry does not.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const COMMITS = 5000;
const runs = Number(process.argv[2] ?? 5);
const root = fileURLToPath(new URL('../..', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

const bundle = join(work, 'choosing.mjs');
await build({
  stdin: {
    contents: `export { suitableAt } from './src/conveyor/stapel/git-selection.ts';
      export { cliRepository } from './src/git/cli/cli-repository.ts';
      export { findStage } from './src/storage/find-stage.ts';
      export { commitLines } from './test/conveyor/commit-line.ts';
      export { digestNamed, manyStages, mappingAt } from './test/conveyor/many-stages.ts';`,
    resolveDir: root,
  },
  bundle: true,
  format: 'esm',
  platform: 'node',
  outfile: bundle,
  logLevel: 'error',
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
});
const { suitableAt, cliRepository, findStage, commitLines, digestNamed, manyStages, mappingAt } =
  await import(pathToFileURL(bundle).href);

const repository = join(work, 'repository');
execFileSync('git', ['init', '--quiet', '--initial-branch=main', repository]);
const [main, side] = commitLines({ root: repository }, ['main', 'side'], COMMITS).map(({ ids }) => ids);
const head = main.at(-1);
const install = digestNamed('install');
const patches = main.map((commit) => [digestNamed(`patch ${commit}`), [commit]]);
const { signal } = new AbortController();

async function chosen(stages, digest) {
  const storage = manyStages(new Map([[install, stages], ...patches]));
  const opened = cliRepository(repository, process.env, join(work, 'submodules'));
  const start = process.hrtime.bigint();
  const suitable = suitableAt([await mappingAt(opened, head)], {
    anyCommit: false,
    deepen: async () => false,
  });
  const stage = await findStage(storage, { digest, notBefore: 0, suitable, signal });
  const time = Number(process.hrtime.bigint() - start) / 1e6;
  await opened.close();
  return { time, stage };
}

for (const [title, stages, digest, found] of [
  ['the first of 5,000 is suitable', main, install, true],
  ['only the last of 5,000 is suitable', [...side.slice(1), main[0]], install, true],
  ['none of 5,000 is suitable', side, install, false],
  ['a patch among 5,000', main.slice(0, 1), digestNamed(`patch ${head}`), true],
]) {
  const times = [];
  for (let run = 0; run < runs; run++) {
    const { time, stage } = await chosen(stages, digest);
    if ((stage !== null) !== found) throw new Error(`${title}: the wrong answer`);
    times.push(time);
  }
  console.log(`${title}: ${Math.min(...times).toFixed(0)} ms, at most ${Math.max(...times).toFixed(0)} ms`);
}
