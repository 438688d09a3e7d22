import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fixture } from '../git/git-fixture.ts';
import { makeBuilder, RUNGS } from './support/builder.ts';
import { makeProject } from './support/project.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { buildStapel, filesOf, stapelConfig } from './support/stapel.ts';

/** Nowhere else on this machine. */
const SECRET = `secret-${randomBytes(12).toString('hex')}`;

let registry: TestRegistry;
let project: Fixture;
beforeAll(async () => {
  registry = await startRegistry();
  project = await makeProject({
    'werf.yaml': config(),
    'werf-giterminism.yaml': `giterminismConfigVersion: 1
config:
  secrets:
    allowEnvVariables: [TOKEN]
  stapel:
    mount:
      allowBuildDir: true
`,
    'src/lock': 'one\n',
    'src/dir/file': 'file\n',
    'src/dir/run': '#!/bin/sh\n',
  });
  await project.chmod('src/dir/run', 0o755);
  await project.link('src/link', 'dir/file');
  await project.commit('modes and links');
});
afterAll(async () => {
  await project.remove();
  await registry.stop();
});

/** Sets an attribute by what the base image has. */
const SET_ATTRIBUTE = `perl -e 'my @a = ("/srv/attributed", "user.note", "kept"); syscall(188, @a, 4, 0) == 0 or die $!'`;

function config(): string {
  const base = `${registry.host}/debian:latest`;
  return stapelConfig(
    `
image: library
final: false
from: ${base}
shell:
  install:
  - mkdir -p /out/deep && cd /out
  - echo code >deep/code && ln deep/code deep/hard && ln -s deep/code link && chown -h 7:8 link
  - chown -R 7:8 deep && chmod 2750 deep && chmod 4755 deep/code`,
    `
image: app
from: ${base}
git:
- add: /src
  to: /app
  owner: www-data
  group: "44"
  stageDependencies:
    install: lock
import:
- from: library
  add: /out
  to: /opt/library
  before: setup
- from: library
  add: /out/deep
  to: /opt/owned
  owner: daemon
  group: 5
  before: setup
mount:
- from: tmp_dir
  to: /mounted/empty
- from: build_dir
  to: /var/cache/kept
secrets:
- env: TOKEN
  id: token
imageSpec:
  config:
    env: {OWN: value}
shell:
  beforeInstall:
  - test -s /run/secrets/token && cat /run/secrets/token
  - echo of-mount >/mounted/empty/file && echo of-mount >>/var/cache/kept/file
  - install -d -m 2775 -o 33 -g 44 /srv/shared
  - su -s /bin/sh www-data -c 'umask 027; echo theirs >/srv/shared/theirs; mkdir /srv/shared/sub'
  - touch /srv/shared/ours && chown 12:13 /srv/shared/ours
  - touch /srv/a-link && ln /srv/a-link /srv/b-link && ln /srv/a-link /srv/shared/c-link
  - touch /srv/attributed && ${SET_ATTRIBUTE}
  - mkfifo /srv/pipe && chmod 620 /srv/pipe && ln -s nowhere /srv/dangling && chown -h 12:13 /srv/dangling
  - rm -r /usr/share/doc && rm /etc/debian_version && mv /etc/issue /etc/issue.old
  install:
  - test -f /mounted/empty/file && stat -c '%n %a %U:%g' /app/* /app/dir/* >/installed
  - echo generated >/app/dir/generated
  beforeSetup: rm -r /usr/share/common-licenses && mkdir /usr/share/common-licenses
  setup:
  - stat -c '%n %a %u:%g %h' /opt/library/* /opt/library/deep/* /opt/owned /opt/owned/* >/configured
  - chown 101:102 /srv/shared /srv/shared/ours && chmod 1777 /srv/shared/sub`,
  );
}

/** Digests of the layers, uncompressed: files with all that belongs to them, in their order. */
const layersOf = (reference: string) =>
  (registry.inspect(reference, '--config') as { rootfs: { diff_ids: string[] } }).rootfs.diff_ids;

/** What the layers hold, as tar tells it, attributes and secret contents included. */
async function layerTexts(reference: string): Promise<{ readonly listing: string; readonly all: Buffer }> {
  const directory = await mkdtemp(join(tmpdir(), 'slipway-layers-'));
  const from = `docker://${reference}`;
  execFileSync('skopeo', [
    '--insecure-policy',
    'copy',
    '-q',
    '--src-tls-verify=false',
    from,
    `dir:${directory}`,
  ]);
  const { layers } = registry.inspect(reference, '--raw') as { layers: { digest: string }[] };
  const blobs = layers.slice(1).map(({ digest }) => join(directory, digest.split(':')[1] ?? ''));
  const listing = blobs.map((blob) =>
    execFileSync('tar', ['-tvv', '--xattrs', '--numeric-owner', '-zf', blob], { encoding: 'utf8' }),
  );
  const all = blobs.map((blob) => execFileSync('gzip', ['-dc'], { input: execFileSync('cat', [blob]) }));
  expect((await readdir(directory)).length).toBeGreaterThan(blobs.length);
  await rm(directory, { recursive: true });
  return { listing: listing.join(''), all: Buffer.concat(all) };
}

const built = new Map<string, string>();

describe.each(Object.entries(RUNGS))('a Stapel image built by %s', (name, rung) => {
  it('has the same layers as everywhere', async () => {
    const builder = await makeBuilder(rung);
    try {
      const repo = `${registry.host}/rung-${Object.keys(RUNGS).indexOf(name)}`;
      const made = await buildStapel(builder, project, {
        args: ['--repo', repo, '--log-verbose'],
        env: { TOKEN: SECRET },
      });
      built.set(name, made.last());
      expect(made.rebuilt()).toEqual([
        'from',
        'beforeInstall',
        'gitArchive',
        'install',
        'beforeSetup',
        'dependenciesBeforeSetup',
        'setup',
        'imageSpec',
      ]);
      expect(made.stdout + made.stderr).not.toContain(SECRET);
      expect(await builder.containers()).toEqual([]);
      expect(await builder.halfMade()).toEqual([]);
      const [first = ''] = built.values();
      if (JSON.stringify(layersOf(made.last())) !== JSON.stringify(layersOf(first))) {
        // Told by what differs.
        expect((await layerTexts(made.last())).listing).toBe((await layerTexts(first)).listing);
        expect(await filesOf(made.last())).toEqual(await filesOf(first));
        expect(layersOf(made.last())).toEqual(layersOf(first));
      }
    } finally {
      await builder.remove();
    }
  });
});

describe('that image', () => {
  let files: ReadonlyMap<string, string>;
  let layers: Awaited<ReturnType<typeof layerTexts>>;
  beforeAll(async () => {
    const [first = ''] = built.values();
    files = await filesOf(first);
    layers = await layerTexts(first);
  });

  it('has files of all owners, modes and kinds', () => {
    expect(Object.fromEntries([...files].filter(([path]) => /^(srv|app|opt)\//.test(path)))).toEqual({
      'app/dir': 'd 775 33:44',
      'app/dir/file': 'f 644 33:44 file\n',
      'app/dir/generated': 'f 644 0:0 generated\n',
      'app/dir/run': 'f 755 33:44 #!/bin/sh\n',
      'app/link': 'l 777 33:44 dir/file',
      'app/lock': 'f 644 33:44 one\n',
      'opt/library': 'd 755 0:0',
      'opt/library/deep': 'd 2750 7:8',
      'opt/library/deep/code': 'f 4755 7:8 code\n',
      'opt/library/deep/hard': 'f 4755 7:8 code\n',
      'opt/library/link': 'l 777 7:8 deep/code',
      'opt/owned': 'd 2750 1:5',
      'opt/owned/code': 'f 4755 1:5 code\n',
      'opt/owned/hard': 'f 4755 1:5 code\n',
      'srv/a-link': 'f 644 0:0 ',
      'srv/attributed': 'f 644 0:0 ',
      'srv/b-link': 'f 644 0:0 ',
      'srv/dangling': 'l 777 12:13 nowhere',
      'srv/pipe': 'p 620 0:0 ',
      'srv/shared': 'd 2775 101:102',
      'srv/shared/c-link': 'f 644 0:0 ',
      'srv/shared/ours': 'f 644 101:102 ',
      'srv/shared/sub': 'd 3777 33:44',
      'srv/shared/theirs': 'f 640 33:44 theirs\n',
    });
    for (const gone of ['usr/share/doc', 'etc/debian_version', 'etc/issue'])
      expect(files.has(gone), gone).toBe(false);
    expect([...files.keys()].filter((path) => path.startsWith('usr/share/common-licenses'))).toHaveLength(1);
  });

  it('has attributes and hard links', () => {
    expect(layers.listing).toMatch(/srv\/attributed\n.*x: +4 user\.note/);
    expect(layers.listing).toMatch(/^h.* srv\/b-link link to srv\/a-link$/m);
    expect(layers.listing).toMatch(/^h.* opt\/library\/deep\/hard link to opt\/library\/deep\/code$/m);
  });

  it('has seen owners, setgid and links while it was built', () => {
    expect(files.get('installed')).toContain('/app/dir/run 755 www-data:44');
    expect(files.get('configured')).toContain('/opt/library/deep/code 4755 7:8 2');
  });

  it('has no trace of how it was built', () => {
    const traces = [...files.keys()].filter((path) =>
      /^(\.werf|run\/secrets|mounted\/empty\/.|var\/cache\/kept\/.)/.test(path),
    );
    expect(traces).toEqual([]);
    expect(files.get('mounted/empty')).toMatch(/^d /);
    expect(files.get('var/cache/kept')).toMatch(/^d /);
    expect(layers.listing).not.toMatch(
      / (\.werf|run\/|dev\/|proc\/|sys\/|mounted\/empty\/.|var\/cache\/kept\/.)/,
    );
    expect(layers.all.includes(SECRET)).toBe(false);
    const configuration = JSON.stringify(registry.inspect([...built.values()][0] ?? '', '--config', '--raw'));
    expect(configuration).not.toMatch(/WERF_COMMIT_|SSH_AUTH_SOCK/);
    expect(configuration).not.toContain(SECRET);
    expect(configuration).toContain('OWN=value');
  });
});
