import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Builder, makeBuilder } from './support/builder.ts';
import { type BuiltCommit, commitTable } from './support/commit-table.ts';
import { keptStages } from './support/kept-stages.ts';
import { freePort, startRegistry, type TestRegistry } from './support/registry.ts';
import { buildStapel, filesOf, type StapelBuild } from './support/stapel.ts';
import { film, STEPS, type WebService, webService } from './support/web-service.ts';

/** scripts/ten-commits: all commits, from nothing, and the page that tells it goes to this file. */
const PAGE = process.env['TEN_COMMITS'];
/** The first ones, over stages that an earlier run left. */
const BOUNDED = 3;
const LAST = PAGE ? STEPS.length - 1 : BOUNDED;
/** Milliseconds. Packages of Debian and npm are downloaded where no earlier run has left stages. */
const MAKING = 1_800_000;

let registry: TestRegistry;
let builder: Builder;
let service: WebService;
let repo: string;
let env: { readonly CONTAINERS_REGISTRIES_CONF: string; readonly WERF_STAPEL_IMAGE_NAME: string };
beforeAll(async () => {
  registry = await startRegistry();
  repo = `${registry.host}/notes`;
  builder = await makeBuilder({ user: 'ordinary' });
  env = { CONTAINERS_REGISTRIES_CONF: join(builder.home, 'registries.conf'), WERF_STAPEL_IMAGE_NAME: 'none' };
  await writeFile(env.CONTAINERS_REGISTRIES_CONF, mirrorOfDebian(registry.host));
  await writeFile(join(builder.home, '.npmrc'), npmSettings());
  service = await webService();
});
afterAll(async () => {
  await service.remove();
  await builder.remove();
  await registry.stop();
});

const commits: BuiltCommit[] = [];
let latest: StapelBuild;
async function build(index: number): Promise<void> {
  const step = STEPS[index];
  if (!step) throw new Error(`there is no commit ${index}`);
  const begun = performance.now();
  latest = await buildStapel(builder, service, { args: ['--repo', repo], env });
  const seconds = (performance.now() - begun) / 1000;
  const built = new Map([...latest.images.keys()].map((image) => [image, latest.rebuilt(image)]));
  commits.push({ step, built, seconds });
}
const builtNow = () =>
  Object.fromEntries([...(commits.at(-1)?.built ?? [])].filter(([, stages]) => stages.length > 0));

it('builds the sample, or finds it built', { timeout: MAKING }, async () => {
  const kept = keptStages(registry, 'notes');
  if (!PAGE) await kept.restore();
  await build(0);
  expect(Object.fromEntries([...latest.images.keys()].map((image) => [image, latest.stages(image)]))).toEqual(
    STEPS[0]?.builds,
  );
  if (Object.keys(builtNow()).length > 0) await kept.keep();
});

it.each(STEPS.slice(1, LAST + 1).map(({ title }, index) => [index + 1, title] as const))(
  'builds of commit %i what depends on it: %s',
  { timeout: MAKING },
  async (index) => {
    await service.commit(index);
    await build(index);
    expect(builtNow()).toEqual(STEPS[index]?.builds);
  },
);

it('runs, without a shell, and answers as the last commit says', async () => {
  const port = await freePort();
  const running = builder.start(['run', 'app', '--repo', repo, '--', 'node', 'dist/server.cjs', `${port}`], {
    cwd: service.root,
    env,
  });
  let log = '';
  for (const stream of [running.stdout, running.stderr])
    stream.on('data', (data: Buffer) => {
      log += data;
    });
  const ended = new Promise((resolve) => running.once('close', resolve));
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  try {
    while (!log.includes(`listening on port ${port}`)) {
      expect(running.exitCode, log).toBeNull();
      await sleep(50);
    }
    const health = (await (await get('/health')).json()) as Record<string, unknown>;
    expect(health).toMatchObject({ user: 1000, title: LAST >= 5 ? 'Notebook' : 'Notes' });
    // Rendered by a package of npm that the bundle holds, in the form of the second commit.
    const page = await get('/notes/first');
    expect(await page.text()).toMatch(/<html lang="en">.*<main><h1>The first note<\/h1>/);
    expect(page.headers.get('content-encoding')).toBe(LAST >= 4 ? 'gzip' : null);
    const shown = Buffer.from(await (await get('/film.bin')).arrayBuffer());
    expect(sha256(shown)).toBe(sha256(film()));
    if (LAST >= 10) {
      expect(await (await get('/notes')).json()).toEqual(['draft', 'first', 'roadmap']);
      expect(await (await get('/notes/roadmap')).text()).toContain('Comes from a branch.');
    }
  } finally {
    running.kill('SIGINT');
    await ended;
  }
  const names = [...(await filesOf(latest.last())).keys()].map((path) => path.split('/').at(-1) ?? '');
  expect(names).toContain('server.cjs');
  expect(names.filter((name) => /^(?:sh|bash|dash|busybox|npm)$/.test(name))).toEqual([]);
  if (PAGE) await writeFile(PAGE, commitTable(commits, 'scripts/ten-commits'));
});

/** Settings by which `debian:bookworm-slim` is the Debian of this registry: its name, which enters digests, is always the same. */
function mirrorOfDebian(host: string): string {
  const reference = `docker://${host}/debian`;
  const tls = ['--src-tls-verify=false', '--dest-tls-verify=false'];
  const names = [`${reference}:latest`, `${reference}:bookworm-slim`];
  execFileSync('skopeo', ['--insecure-policy', 'copy', '-q', ...tls, ...names]);
  return `[[registry]]\nprefix = "docker.io/library/debian"\nlocation = "${host}/debian"\ninsecure = true\n`;
}

/** Where this machine gets packages of npm from. */
function npmSettings(): string {
  const source = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();
  return `registry=${source}\n`;
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
