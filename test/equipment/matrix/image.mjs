import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must, run } from './run.mjs';

/** The one stage that a repository holds. @returns {Promise<{ reference: string, digest: string, layers: string[] }>} layers: digests of the uncompressed ones */
export async function builtImage(repository) {
  const { Tags } = JSON.parse(
    await must('skopeo', ['list-tags', '--tls-verify=false', `docker://${repository}`]),
  );
  const stages = Tags.filter((tag) => /^[0-9a-f]{20,}-\d+$/.test(tag));
  if (stages.length !== 1) throw new Error(`${repository} holds ${stages.length} stages: ${Tags.join(', ')}`);
  const reference = `${repository}:${stages[0]}`;
  const inspect = (...options) =>
    must('skopeo', ['inspect', '--tls-verify=false', ...options, `docker://${reference}`]);
  const digest = (await inspect('--format', '{{.Digest}}')).trim();
  const config = JSON.parse(await inspect('--config'));
  return { reference, digest, layers: config.rootfs.diff_ids };
}

/** Unpacks an image of a registry by umoci, as root. @returns the directory of its files */
export async function unpack(reference, directory) {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const layout = join(directory, 'layout');
  await must('skopeo', [
    '--insecure-policy',
    'copy',
    '-q',
    '--src-tls-verify=false',
    `docker://${reference}`,
    `oci:${layout}:image`,
  ]);
  await must('umoci', ['raw', 'unpack', '--image', `${layout}:image`, join(directory, 'root')]);
  rmSync(layout, { recursive: true });
  return join(directory, 'root');
}

/**
 * What the first layer that two images do not share lists differently, as tar tells it.
 * @returns {Promise<string[]>} lines, `-` of the first image and `+` of the second
 */
export async function firstDifferentLayer(first, second) {
  const index = first.layers.findIndex((layer, position) => layer !== second.layers[position]);
  if (index < 0) return [];
  const directory = mkdtempSync(join(tmpdir(), 'slipway-layers-'));
  try {
    for (const [name, { reference }] of Object.entries({ first, second })) {
      const copy = ['--insecure-policy', 'copy', '-q', '--src-tls-verify=false', `docker://${reference}`];
      await must('skopeo', [...copy, `dir:${join(directory, name)}`]);
      const { layers } = JSON.parse(await must('cat', [join(directory, name, 'manifest.json')]));
      const blob = join(directory, name, layers[index]?.digest.split(':')[1] ?? 'none');
      const list = 'tar --numeric-owner --full-time --xattrs --xattrs-include="*" -tvvf "$1" >"$2"';
      await run('sh', ['-c', list, 'sh', blob, join(directory, `${name}.list`)]);
    }
    const lists = [join(directory, 'first.list'), join(directory, 'second.list')];
    const { stdout } = await run('diff', ['-U0', ...lists]);
    const lines = stdout.split('\n').filter((line) => /^[-+](?![-+])/.test(line));
    return [`layer ${index + 1} differs:`, ...lines.slice(0, 20)];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
