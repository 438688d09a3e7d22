// A repository of 50,000 files after an edit of one: how long `config list` takes beside `node -e 0`, and the commit of
// --dev beside `git status`. Usage: node test/bench/many-files.mjs [RUNS]      prints the least of RUNS (7), in pairs
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const runs = Number(process.argv[2] ?? 7);
const root = fileURLToPath(new URL('../..', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

const repository = join(work, 'repository');
mkdirSync(repository);
const git = (...args) =>
  execFileSync('git', ['-c', 'user.name=b', '-c', 'user.email=b@localhost', '-c', 'gc.auto=0', ...args], {
    cwd: repository,
  });
for (let directory = 0; directory < 500; directory++) {
  mkdirSync(join(repository, `dir${directory}`));
  for (let file = 0; file < 100; file++) {
    writeFileSync(join(repository, `dir${directory}/file${file}`), `${directory} ${file}\n`);
  }
}
writeFileSync(
  join(repository, 'werf.yaml'),
  'project: bench\nconfigVersion: 1\n---\nimage: app\ndockerfile: Dockerfile\n',
);
writeFileSync(join(repository, 'Dockerfile'), 'FROM scratch\nCOPY . /\n');
git('init', '--quiet');
git('add', '--all');
git('commit', '--quiet', '--message', 'first');

const bundle = join(work, 'repository.mjs');
await build({
  entryPoints: [join(root, 'src/git/cli/cli-repository.ts')],
  bundle: true,
  format: 'esm',
  platform: 'node',
  outfile: bundle,
  logLevel: 'error',
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
});
const { cliRepository } = await import(pathToFileURL(bundle).href);

async function timed(work) {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e6;
}
const run = (program, args) => () => {
  const { status, stderr } = spawnSync(program, args, { cwd: repository, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
};
const commit = async () => {
  const opened = cliRepository(repository, process.env, join(work, 'submodules'));
  await opened.development.commitState({
    branch: 'bench',
    ignored: async () => new Set(),
    now: Math.floor(Date.now() / 1000),
    signal: new AbortController().signal,
  });
  await opened.close();
};

async function pairs(title, one, other) {
  const least = [Infinity, Infinity];
  for (let i = 0; i < runs; i++) {
    writeFileSync(join(repository, 'dir7/file11'), `edit ${i} ${Date.now()}\n`);
    least[0] = Math.min(least[0], await timed(one));
    least[1] = Math.min(least[1], await timed(other));
  }
  const [a, b] = least;
  console.log(`${title}: ${a.toFixed(0)} ms, ${b.toFixed(0)} ms, ratio ${(b / a).toFixed(2)}`);
}

const slipway = [join(root, 'dist/slipway.js'), 'config', 'list'];
await pairs('node -e 0, config list', run(process.execPath, ['-e', '0']), run(process.execPath, slipway));
await pairs('git status, commit of --dev', run('git', ['status']), commit);
