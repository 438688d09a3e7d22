#!/usr/bin/env node
// Makes base images for tests from Debian packages alone, as an OCI layout in a cache; prints the layout's path.
// Usage: scripts/test-images.mjs        needs busybox-static and mmdebstrap
// The layout holds `busybox`, a root file system around one static program, and `debian`, Debian's minbase.
// Usage: scripts/test-images.mjs ARCHITECTURE        such as arm64: a layout of its own with a `busybox` for that
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const CREATED = 1_767_225_600; // 2026-01-01
const BUSYBOX = '/bin/busybox';
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'slipway', 'test-images');
const [foreign] = process.argv.slice(2);
const layout = join(cache, foreign === undefined ? 'oci-1' : `oci-${foreign}-1`);

function blob(root, mediaType, content) {
  const digest = createHash('sha256').update(content).digest('hex');
  writeFileSync(join(root, 'blobs', 'sha256', digest), content);
  return { mediaType, digest: `sha256:${digest}`, size: content.length };
}

/** One image of one layer; returns its descriptor. */
function image(root, name, tar, cmd) {
  const created = new Date(CREATED * 1000).toISOString().replace('.000Z', 'Z');
  const diffId = `sha256:${createHash('sha256').update(tar).digest('hex')}`;
  const layer = blob(root, 'application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(tar, { level: 6 }));
  const config = {
    created,
    architecture: foreign ?? (process.arch === 'x64' ? 'amd64' : process.arch),
    os: 'linux',
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: [cmd] },
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created, created_by: 'test-images' }],
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: blob(root, 'application/vnd.oci.image.config.v1+json', Buffer.from(JSON.stringify(config))),
    layers: [layer],
  };
  const descriptor = blob(root, manifest.mediaType, Buffer.from(JSON.stringify(manifest)));
  return { ...descriptor, annotations: { 'org.opencontainers.image.ref.name': name } };
}

/** @param program what the image is made around; its applets are those of this machine's */
function busyboxTar(work, program = BUSYBOX) {
  const root = join(work, 'busybox');
  const script = `
    mkdir -p ${[
      'bin',
      'dev',
      'etc',
      'home',
      'proc',
      'root',
      'run',
      'sbin',
      'sys',
      'tmp',
      'usr/bin',
      'usr/sbin',
      'var/tmp',
    ]
      .map((directory) => `"$1/${directory}"`)
      .join(' ')}
    chmod 1777 "$1/tmp" "$1/var/tmp"
    cp ${program} "$1/bin/busybox"
    ${BUSYBOX} --list-full | while read -r applet; do
      [ -e "$1/$applet" ] || ln -s /bin/busybox "$1/$applet"
    done
    printf 'root:x:0:0:root:/root:/bin/sh\\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\\n' >"$1/etc/passwd"
    printf 'root:x:0:\\nnogroup:x:65534:\\n' >"$1/etc/group"`;
  execFileSync('sh', ['-eu', '-c', script, 'sh', root]);
  const tar = [
    '--sort=name',
    `--mtime=@${CREATED}`,
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '-C',
    root,
    '-cf',
  ];
  execFileSync('tar', [...tar, join(work, 'busybox.tar'), '.']);
  return readFileSync(join(work, 'busybox.tar'));
}

/** The packages that this machine's own sources give. */
function debianTar(work) {
  const targets = execFileSync('apt-get', ['indextargets', '--format', 'deb $(SITE) $(RELEASE) main'], {
    encoding: 'utf8',
  });
  const sources = [...new Set(targets.split('\n').filter((line) => line.includes(' bookworm')))]
    .sort()
    .join('\n');
  const tar = join(work, 'debian.tar');
  const leave = ['man', 'doc', 'locale'].map((part) => `--dpkgopt=path-exclude=/usr/share/${part}/*`);
  const clean = '--customize-hook=rm -f "$1"/etc/resolv.conf "$1"/etc/hostname';
  execFileSync('mmdebstrap', ['--quiet', '--variant=minbase', ...leave, clean, 'bookworm', tar, '-'], {
    input: sources,
    env: { ...process.env, SOURCE_DATE_EPOCH: String(CREATED) },
  });
  return readFileSync(tar);
}

/** The program of another architecture, from the package of this machine's own sources. */
function foreignBusybox(work) {
  const state = join(work, 'apt');
  for (const directory of ['lists/partial', 'archives/partial']) {
    mkdirSync(join(state, directory), { recursive: true });
  }
  const options = [
    `Dir::State::lists=${state}/lists`,
    `Dir::Cache=${state}`,
    `APT::Architectures::=${foreign}`,
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
  const apt = (...args) =>
    execFileSync('apt-get', ['-qq', ...options, ...args], { cwd: work, stdio: ['ignore', 2, 2] });
  apt('update');
  apt('download', `busybox-static:${foreign}`);
  const file = readdirSync(work).find((name) => name.endsWith(`_${foreign}.deb`)) ?? '';
  execFileSync('dpkg-deb', ['-x', join(work, file), join(work, 'package')]);
  const places = ['bin/busybox', 'usr/bin/busybox'].map((path) => join(work, 'package', path));
  return places.find((path) => existsSync(path)) ?? '';
}

/** @returns descriptors */
function images(made, work) {
  if (foreign !== undefined) return [image(made, 'busybox', busyboxTar(work, foreignBusybox(work)), 'sh')];
  return [image(made, 'busybox', busyboxTar(work), 'sh'), image(made, 'debian', debianTar(work), 'bash')];
}

function make() {
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'slipway-images-'));
  const made = mkdtempSync(join(cache, 'new-'));
  try {
    mkdirSync(join(made, 'blobs', 'sha256'), { recursive: true });
    writeFileSync(join(made, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    const manifests = images(made, work);
    writeFileSync(join(made, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    rmSync(layout, { recursive: true, force: true });
    renameSync(made, layout);
  } finally {
    rmSync(work, { recursive: true, force: true });
    rmSync(made, { recursive: true, force: true });
  }
}

if (!existsSync(join(layout, 'index.json'))) make();
process.stdout.write(`${layout}\n`);
