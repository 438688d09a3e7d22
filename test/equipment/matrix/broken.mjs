import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ENVIRONMENTS } from '../broken/environments.mjs';
import { judge } from '../broken/judge.mjs';
import { perform } from '../broken/stage-work.mjs';
import { writeRows } from './document.mjs';
import { startRegistry } from './registry.mjs';
import { must } from './run.mjs';
import { equipment, ROOT } from './workshop.mjs';

const DOCUMENT = join(ROOT, 'docs', 'broken-environments.md');
const PART = {
  name: 'broken',
  title: 'What is said in each',
  heads: ['environment', 'doctor says', 'its fix', 'build says', 'rung and driver'],
  keys: 1,
};

const PROJECTS = {
  run: 'FROM busybox:latest\nRUN echo built >/made && cat /made\n',
  'no-run': 'FROM busybox:latest\nCOPY werf.yaml /\n',
  large: 'FROM busybox:latest\nRUN dd if=/dev/zero of=/large bs=1M count=32\n',
};

/**
 * Breaks this machine's environment in many ways, each in namespaces of its own, and looks whether `slipway doctor` names the cause
 * and the fix and `slipway build` says the same.
 * @param {(name: string) => boolean} wanted by the environment's name
 * @param {(line: string) => void} say
 * @param {boolean} keep whether the table in docs/ is written
 * @returns {Promise<boolean>} whether all was right
 */
export async function runBroken(wanted, say, keep) {
  if (process.getuid() !== 0)
    throw new Error('this needs root: environments are made by namespaces and mounts');
  const environments = ENVIRONMENTS.filter(({ name }) => wanted(name));
  const workshop = await open(environments);
  try {
    const rows = [];
    let right = true;
    for (const environment of environments) {
      const { problems, cells } = judge(environment, await perform(workshop, environment));
      rows.push([environment.name, ...cells]);
      right &&= problems.length === 0;
      say(
        [`${problems.length === 0 ? 'right' : 'WRONG'}  ${environment.name}`, ...problems].join('\n       '),
      );
    }
    say(`${environments.length} environments`);
    if (keep) writeRows({ ...PART, cases: ENVIRONMENTS.map(({ name }) => [name]) }, rows, DOCUMENT);
    return right;
  } finally {
    await workshop.close();
  }
}

/** What all environments share. It lies on a disk: a store in memory is one of the things that are broken. */
async function open(environments) {
  const directory = mkdtempSync('/var/tmp/slipway-broken-');
  chmodSync(directory, 0o755);
  const slipway = join(directory, 'slipway');
  const filtered = join(directory, 'filtered');
  await must(equipment('packed'), [slipway]);
  const program = equipment(join('broken', 'filtered.go'));
  await must('go', ['build', '-o', filtered, program], { env: { ...process.env, CGO_ENABLED: '0' } });
  for (const [name, dockerfile] of Object.entries(PROJECTS)) makeProject(join(directory, name), dockerfile);
  const layout = (await must('node', [join(ROOT, 'scripts', 'test-images.mjs')])).trim();
  const registry = await startRegistry(layout);
  return {
    directory,
    slipway,
    filtered,
    registry,
    crun: environments.some(({ needs }) => needs === 'crun') ? await oldCrun() : '',
    project: (name) => join(directory, name),
    async close() {
      await registry.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function makeProject(directory, dockerfile) {
  mkdirSync(directory, { mode: 0o755 });
  writeFileSync(join(directory, 'Dockerfile'), dockerfile);
  writeFileSync(
    join(directory, 'werf.yaml'),
    'project: demo\nconfigVersion: 1\n---\nimage: app\ndockerfile: Dockerfile\n',
  );
  const git = (...args) =>
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], {
      cwd: directory,
    });
  git('init', '--quiet', '--initial-branch', 'main');
  git('add', '.');
  git('commit', '--quiet', '--message', 'A sample project');
}

/** Debian's own package, unpacked beside the other equipment in the cache, not installed. */
async function oldCrun() {
  const base = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const kept = join(base, 'slipway', 'equipment', 'crun-1');
  if (existsSync(kept)) return kept;
  mkdirSync(join(kept, '..'), { recursive: true });
  const made = mkdtempSync(`${kept}.`);
  chmodSync(made, 0o755);
  const script =
    'apt-get download -q crun libyajl2 >&2 && for package in ./*.deb; do dpkg -x "$package" .; done';
  await must('sh', ['-eu', '-c', script], { cwd: made });
  renameSync(made, kept);
  return kept;
}
