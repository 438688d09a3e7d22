// An image around busybox with as many layers as wanted, as an OCI layout.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const VENDOR = 'application/vnd.oci.image';

/** Writes the layout into a directory that does not exist yet. */
export function layeredImage(directory, count) {
  mkdirSync(join(directory, 'blobs', 'sha256'), { recursive: true });
  const tars = Array.from({ length: count }, (_, i) => tarOf(join(directory, `tree-${i}`), i));
  const layers = tars.map((tar) => blob(directory, 'layer.v1.tar+gzip', gzipSync(tar)));
  const config = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Env: ['PATH=/bin'] },
    rootfs: { type: 'layers', diff_ids: tars.map((tar) => `sha256:${sha256(tar)}`) },
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: `${VENDOR}.manifest.v1+json`,
    config: blob(directory, 'config.v1+json', json(config)),
    layers,
  };
  const index = { schemaVersion: 2, manifests: [blob(directory, 'manifest.v1+json', json(manifest))] };
  writeFileSync(join(directory, 'index.json'), json(index));
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}

/** The lowest layer holds the programs, every other one a file. */
function tarOf(tree, number) {
  mkdirSync(join(tree, 'bin'), { recursive: true });
  mkdirSync(join(tree, 'etc'));
  if (number === 0) {
    copyFileSync('/bin/busybox', join(tree, 'bin', 'busybox'));
    for (const name of ['sh', 'true']) symlinkSync('busybox', join(tree, 'bin', name));
    writeFileSync(join(tree, 'etc', 'passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
    for (const name of ['dev', 'proc', 'sys', 'tmp', 'run']) mkdirSync(join(tree, name));
  }
  writeFileSync(join(tree, 'etc', `layer-${number}`), `${number}\n`);
  return execFileSync('tar', ['--sort=name', '--owner=0', '--group=0', '-C', tree, '-c', '.'], {
    maxBuffer: 1 << 26,
  });
}

function blob(directory, type, content) {
  const digest = sha256(content);
  writeFileSync(join(directory, 'blobs', 'sha256', digest), content);
  return { mediaType: `${VENDOR}.${type}`, digest: `sha256:${digest}`, size: content.length };
}

const sha256 = (content) => createHash('sha256').update(content).digest('hex');
const json = (value) => Buffer.from(JSON.stringify(value));
