import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder, type Outcome } from './support/builder.ts';
import { cloneOf, makeProject } from './support/project.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { stallingFront } from './support/stalling-front.ts';
import { toolchainRegistry } from './support/toolchain.ts';

let near: TestRegistry;
let far: TestRegistry;
let builder: Builder;
let project: Fixture;
let directory: string;
let toolchain: Readonly<Record<string, string>>;

/** Images of both kinds: built on outside images and on one another, with an import and a configuration of their own. */
const werf = (host: string) => `project: demo
configVersion: 1
---
image: tools
final: false
dockerfile: tools.Dockerfile
---
image: app
from: ${host}/busybox:latest
fromLatest: true
git:
- add: /
  to: /srv
  includePaths: [page]
shell:
  install: [echo installed >/installed, dd if=/dev/urandom of=/large bs=1M count=4]
import:
- image: tools
  add: /tool
  to: /usr/tool
  after: install
- from: ${host}/debian:latest
  add: /etc/debian_version
  to: /etc/debian_version
  after: setup
imageSpec:
  config: {cmd: [sh]}
---
image: web
dockerfile: web.Dockerfile
dependencies:
- image: app
  imports: [{type: ImageName, targetBuildArg: APP}]
`;

beforeAll(async () => {
  [near, far] = await Promise.all([startRegistry(), startRegistry({ empty: true })]);
  const tools = toolchainRegistry(near.host, 'base');
  toolchain = { WERF_STAPEL_IMAGE_NAME: tools.name, WERF_STAPEL_IMAGE_VERSION: tools.version };
  builder = await makeBuilder({ env: toolchain });
  directory = await mkdtemp(join(tmpdir(), 'slipway-air-gap-'));
  project = await makeProject({
    'werf.yaml': werf(near.host),
    'werf-giterminism.yaml': 'giterminismConfigVersion: 1\nconfig:\n  stapel:\n    allowFromLatest: true\n',
    'tools.Dockerfile': `FROM ${near.host}/busybox:latest\nRUN mkdir /tool && head -c 3000000 /dev/urandom >/tool/data\n`,
    'web.Dockerfile': 'ARG APP\nFROM ${APP}\nRUN cat /srv/page >/made\n',
    page: 'first',
  });
  const built = await slipway(['build', '--repo', repo(), '--add-custom-tag', 'v1-%image_safe_slug%']);
  expect([built.exitCode, built.stderr]).toEqual([0, '']);
  expect(own()).toContain('v1-app');
  const skopeo = ['--insecure-policy', 'copy', '-q', '--src-tls-verify=false', '--dest-tls-verify=false'];
  execFileSync('skopeo', [...skopeo, `docker://${near.host}/busybox:latest`, `docker://${repo()}:foreign`]);
});
afterAll(async () => {
  await builder.remove();
  await project.remove();
  await rm(directory, { recursive: true, force: true });
  await near.stop();
  await far.stop();
});

/** Tags that slipway made. */
const own = () => near.tags('demo').filter((tag) => tag !== 'foreign');
const repo = () => `${near.host}/demo`;
const slipway = (args: readonly string[], env: Record<string, string> = {}, by = builder, at = project) =>
  by.run(args, { cwd: at.root, env });
/** The order of blobs may differ; what archives hold may not. */
const entries = (path: string) =>
  execFileSync('tar', ['-tvf', path], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.split(/ +/).slice(2).join(' '))
    .sort();
const whole = (outcome: Outcome) => expect([outcome.exitCode, outcome.stderr]).toEqual([0, '']);

describe('stages copy between repositories', () => {
  it('brings every stage and record, so that nothing is built again', async () => {
    const copied = await slipway([
      'stages',
      'copy',
      '--from',
      `docker://${repo()}`,
      '--to',
      `${far.host}/copy`,
    ]);
    whole(copied);
    expect(copied.stdout).toMatch(/Copy stages\n.*From: docker:\/\/.*\/demo\n.*To: .*\/copy\n/);
    expect(far.tags('copy')).toEqual(own());
    expect(far.tags('copy').some((tag) => tag.startsWith('import-metadata-'))).toBe(true);
    const other = await makeBuilder();
    try {
      const found = await slipway(['build', '--repo', `${far.host}/copy`], {}, other);
      whole(found);
      expect(found.stdout).not.toContain('Building stage');
    } finally {
      await other.remove();
    }
    const again = await slipway(['stages', 'copy', '--from', repo(), '--to', `${far.host}/copy`]);
    expect(again.stdout).toMatch(/ 0 images were copied, \d+ were there already/);
  });

  it('mounts blobs within a registry', async () => {
    const before = near.requests().length;
    whole(await slipway(['stages', 'copy', '--from', repo(), '--to', `${near.host}/mounted`]));
    const requests = near.requests().slice(before);
    expect(requests.some((one) => one.includes('mount='))).toBe(true);
    expect(requests.filter((one) => one.startsWith('PATCH'))).toEqual([]);
    expect(near.tags('mounted')).toEqual(own());
  });

  it('copies into and out of a registry that asks for a login', async () => {
    const login = { user: 'me', password: 'secret' };
    const locked = await startRegistry({ login, empty: true });
    try {
      const refused = await slipway(['stages', 'copy', '--from', repo(), '--to', `${locked.host}/p`]);
      expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining('log in')]);
      const config = join(directory, 'docker');
      await mkdir(config);
      const auth = Buffer.from(`${login.user}:${login.password}`).toString('base64');
      await writeFile(join(config, 'config.json'), JSON.stringify({ auths: { [locked.host]: { auth } } }));
      const env = { DOCKER_CONFIG: config };
      whole(await slipway(['stages', 'copy', '--from', repo(), '--to', `${locked.host}/p`], env));
      expect(locked.tags('p')).toEqual(own());
      whole(await slipway(['stages', 'copy', '--from', `${locked.host}/p`, '--to', `${far.host}/out`], env));
      expect(far.tags('out')).toEqual(own());
    } finally {
      await locked.stop();
    }
  });

  it("copies the stages of one commit's images, and tells which are missing", async () => {
    const clone = await cloneOf(project);
    try {
      await clone.write({ page: 'another' });
      await clone.commit('another');
      const args = ['stages', 'copy', '--from', repo(), '--to', `${far.host}/one`, '--all=false'];
      const missing = await slipway(args, {}, builder, clone);
      expect([missing.exitCode, missing.stderr]).toEqual([
        1,
        expect.stringContaining('stages required: app/'),
      ]);
      whole(await slipway(args));
      const stages = (tags: readonly string[]) => tags.filter((tag) => /^[0-9a-f]{56}-/.test(tag));
      expect(stages(far.tags('one'))).toEqual(stages(own()));
      const found = await slipway(['build', '--repo', `${far.host}/one`]);
      expect(found.stdout).not.toContain('Building stage');
    } finally {
      await clone.remove();
    }
  });

  it('takes the stages of a build report', async () => {
    const report = join(directory, 'report.json');
    const reporting = ['--build-report-path', report];
    whole(await slipway(['build', 'tools', '--repo', repo(), '--save-build-report', ...reporting]));
    const args = ['--use-build-report', ...reporting];
    whole(await slipway(['stages', 'copy', '--from', repo(), '--to', `${far.host}/reported`, ...args]));
    expect(far.tags('reported').filter((tag) => /^[0-9a-f]{56}-/.test(tag))).toHaveLength(1);
    const lacking = await slipway([
      'stages',
      'copy',
      '--from',
      `${far.host}/none`,
      '--to',
      `${far.host}/x`,
      ...args,
    ]);
    expect(lacking.stderr).toContain(`stages required: ${far.host}/none lacks`);
  });

  it('refuses what makes no sense', async () => {
    const copy = (from: string, to: string) => slipway(['stages', 'copy', '--from', from, '--to', to]);
    expect((await copy(repo(), `docker://${repo()}`)).stderr).toContain('name the same repository');
    expect((await copy('archive:a', 'archive:b')).stderr).toContain(
      'not copied from an archive to an archive',
    );
    expect((await copy(repo(), 'archive:')).stderr).toContain('names no file');
    expect((await copy('archive:missing', repo())).stderr).toContain('the archive missing cannot be used');
    expect((await slipway(['stages', 'copy', '--from', repo()])).stderr).toContain('needs --to');
    await writeFile(join(project.root, '..', 'foreign.tar'), 'something else');
    const foreign = await copy(repo(), `archive:${join(project.root, '..', 'foreign.tar')}`);
    expect(foreign.stderr).toContain('is not an archive of stages');
  });
});

describe('an archive', () => {
  const archive = () => join(directory, 'demo.tar');

  it('holds the stages, the records and what the project is based on, each blob once', async () => {
    const copied = await slipway(['stages', 'copy', '--from', repo(), '--to', `archive:${archive()}`]);
    whole(copied);
    const listed = execFileSync('tar', ['-tf', archive()], { encoding: 'utf8' }).trim().split('\n');
    expect(new Set(listed).size).toBe(listed.length);
    const index = JSON.parse(execFileSync('tar', ['-xOf', archive(), 'index.json'], { encoding: 'utf8' }));
    const names: string[] = index.manifests.map(
      ({ annotations }: { annotations: Record<string, string> }) =>
        annotations['org.opencontainers.image.ref.name'] ?? '',
    );
    expect(names.filter((name) => !name.startsWith('base-image-'))).toEqual(own());
    const originals = index.manifests.flatMap(
      ({ annotations }: { annotations: Record<string, string> }) =>
        annotations['dev.slipway.image.original'] ?? [],
    );
    expect(originals.sort()).toEqual([
      `${near.host}/busybox:latest`,
      `${near.host}/debian:latest`,
      `${toolchain['WERF_STAPEL_IMAGE_NAME']}:${toolchain['WERF_STAPEL_IMAGE_VERSION']}`,
    ]);
    const again = await slipway(['stages', 'copy', '--from', repo(), '--to', `archive:${archive()}`]);
    expect(again.stdout).toMatch(/0 blobs were added, \d+ were there already/);
  });

  it('builds the project where there is no other network, without building any stage again', async () => {
    const script = `set -eu
ip link set lo up
printf 'version: 0.1\\nlog: {level: error, accesslog: {disabled: true}}\\nstorage: {filesystem: {rootdirectory: %s/data}}\\nhttp: {addr: "127.0.0.1:5000"}\\n' "$HOME" >"$HOME/registry.yml"
docker-registry serve "$HOME/registry.yml" >"$HOME/registry.log" 2>&1 &
registry=$!
trap 'kill $registry' EXIT
i=0
until curl -fs http://127.0.0.1:5000/v2/ >/dev/null; do i=$((i + 1)); [ $i -lt 100 ]; sleep 0.1; done
! curl -fs http://${near.host}/v2/
"$@" stages copy --from archive:${archive()} --to 127.0.0.1:5000/inside
echo == build
"$@" build --repo 127.0.0.1:5000/inside
echo == new commit
printf 'FROM ${near.host}/busybox:latest\\nRUN mkdir /tool && echo changed >/tool/data\\n' >tools.Dockerfile
echo changed >page
sed -i 's/echo installed/echo again/' werf.yaml
git -c user.name=t -c user.email=t@t commit -qam changed
"$@" build --repo 127.0.0.1:5000/inside
`;
    const clone = await cloneOf(project);
    const inside = await makeBuilder({ env: toolchain });
    try {
      const child = inside.startOther(
        'unshare',
        ['-n', 'sh', '-c', script, 'sh', process.execPath, inside.program],
        { cwd: clone.root },
      );
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (said += data));
      const status = await new Promise((resolve) => child.once('close', resolve));
      expect([status, status === 0 ? '' : said]).toEqual([0, '']);
      const [, build = '', changed = ''] = said.split(/^== .*$/m);
      expect(build).toContain('Use previously built image for web/dockerfile');
      expect(build).not.toContain('Building stage');
      // What is new is built upon the copies of the base images.
      expect(changed).toContain('Building stage tools/dockerfile');
      expect(changed).toContain('Building stage app/install');
      expect(changed).toContain('Building stage web/dockerfile');
      expect(changed).not.toContain('toolchain image cannot be had');
    } finally {
      await inside.remove();
      await clone.remove();
    }
  });

  it.each([1, 2, 3])('is gone on with after kill -9 (%i)', async (round) => {
    const front = await stallingFront(near.host, round * 2_500_000);
    const path = join(directory, `killed-${round}.tar`);
    const args = [
      'stages',
      'copy',
      '--from',
      `${front.host}/demo`,
      '--to',
      `archive:${path}`,
      '--base-images=false',
    ];
    try {
      const child = builder.start(args, { cwd: project.root });
      await front.stalled;
      const children = execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' })
        .trim()
        .split('\n');
      for (const pid of [child.pid, ...children.map(Number)]) process.kill(pid ?? 0, 'SIGKILL');
      await new Promise((resolve) => child.once('close', resolve));
      const left = (await stat(path)).size;
      expect(left).toBeGreaterThan(0);
      const early = await slipway([
        'stages',
        'copy',
        '--from',
        `archive:${path}`,
        '--to',
        `${far.host}/early`,
      ]);
      expect(early.stderr).toContain('is not whole');
      front.release();
      const resumed = await slipway(args);
      whole(resumed);
      if (left > 3_000_000) expect(resumed.stdout).toMatch(/blobs were added, \d+ were there already/);
      const plain = join(directory, `plain-${round}.tar`);
      whole(await slipway([...args.slice(0, 5), `archive:${plain}`, '--base-images=false']));
      expect(entries(path)).toEqual(entries(plain));
      whole(
        await slipway(['stages', 'copy', '--from', `archive:${path}`, '--to', `${far.host}/killed-${round}`]),
      );
      expect(far.tags(`killed-${round}`)).toEqual(own());
    } finally {
      await front.stop();
    }
  });

  it('says what could not be had of what the project is based on', async () => {
    const args = ['stages', 'copy', '--from', repo(), '--to', `archive:${join(directory, 'tools.tar')}`];
    const copied = await slipway(args, {
      WERF_STAPEL_IMAGE_NAME: `${near.host}/none`,
      WERF_STAPEL_IMAGE_VERSION: '7',
    });
    expect(copied.exitCode).toBe(0);
    expect(`${copied.stdout}${copied.stderr}`).toContain(`the image ${near.host}/none:7 is not copied`);
  });

  it('is added to, and taken over by another tool', async () => {
    const path = join(directory, 'one.tar');
    whole(await slipway(['stages', 'copy', '--from', repo(), '--to', `archive:${path}`, '--all=false']));
    whole(await slipway(['stages', 'copy', '--from', repo(), '--to', `archive:${path}`]));
    const tag = own().find((name) => /^[0-9a-f]{56}-/.test(name)) ?? '';
    execFileSync('skopeo', [
      '--insecure-policy',
      'copy',
      '-q',
      '--dest-tls-verify=false',
      `oci-archive:${path}:${tag}`,
      `docker://${far.host}/skopeo:1`,
    ]);
    expect(far.inspect(`${far.host}/skopeo:1`)['Digest']).toBe(near.inspect(`${repo()}:${tag}`)['Digest']);
    expect((await readFile(path)).subarray(0, 10).toString()).toBe('oci-layout');
  });
});
