import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { readTar } from '../../git/read-tar.ts';

/** Paths without the leading `/` to `type mode owner content-or-target`; contents by their hash. */
export type Content = ReadonlyMap<string, string>;

/** Reads images of one registry without any tool of ours, and checks every blob of theirs. */
export interface ImageReader {
  tags(repository: string): Promise<readonly string[]>;
  /** What an image holds when all layers are applied. @throws when anything of it is missing or damaged */
  content(repository: string, tag: string): Promise<Content>;
  /** Labels of its configuration. */
  labels(repository: string, tag: string): Promise<Readonly<Record<string, string>>>;
}

interface Layer {
  readonly removed: readonly string[];
  /** Directories of which nothing from below is seen. */
  readonly opaque: readonly string[];
  readonly files: Content;
}

interface Descriptor {
  readonly digest: string;
}

/** @param host host:port, plain HTTP */
export function imageReader(host: string): ImageReader {
  const layers = new Map<string, Promise<Layer>>();
  const contents = new Map<string, Promise<Content>>();
  const get = async (path: string): Promise<Buffer> => {
    const answer = await fetch(`http://${host}/v2/${path}`, { headers: { accept: MANIFESTS } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  };
  const blob = async (repository: string, digest: string): Promise<Buffer> => {
    const bytes = await get(`${repository}/blobs/${digest}`);
    if (digestOf(bytes) !== digest) throw new Error(`${repository}: blob ${digest} is damaged`);
    return bytes;
  };
  const manifestOf = async (repository: string, tag: string) =>
    JSON.parse((await get(`${repository}/manifests/${tag}`)).toString()) as {
      readonly config: Descriptor;
      readonly layers: readonly Descriptor[];
    };
  const configOf = async (repository: string, tag: string) => {
    const { config } = await manifestOf(repository, tag);
    return JSON.parse((await blob(repository, config.digest)).toString()) as {
      readonly config?: { readonly Labels?: Record<string, string> };
      readonly rootfs: { readonly diff_ids: readonly string[] };
    };
  };
  const layer = (repository: string, { digest }: Descriptor, diffId: string) => {
    const key = `${repository} ${digest} ${diffId}`;
    const known = layers.get(key);
    if (known) return known;
    const read = (async () => {
      const bytes = await blob(repository, digest);
      const tar = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
      if (digestOf(tar) !== diffId) throw new Error(`${repository}: layer ${digest} is not ${diffId}`);
      return await readLayer(tar);
    })();
    layers.set(key, read);
    return read;
  };
  return {
    async tags(repository) {
      const { tags } = JSON.parse((await get(`${repository}/tags/list`)).toString()) as { tags: string[] };
      return tags;
    },
    async labels(repository, tag) {
      return (await configOf(repository, tag)).config?.Labels ?? {};
    },
    content(repository, tag) {
      const key = `${repository}:${tag}`;
      const known = contents.get(key);
      if (known) return known;
      const read = (async () => {
        const manifest = await manifestOf(repository, tag);
        const { rootfs } = await configOf(repository, tag);
        if (rootfs.diff_ids.length !== manifest.layers.length) throw new Error(`${key}: layers do not match`);
        const files = new Map<string, string>();
        for (const [index, one] of manifest.layers.entries())
          apply(await layer(repository, one, rootfs.diff_ids[index] ?? ''), files);
        return files;
      })();
      contents.set(key, read);
      return read;
    },
  };
}

const MANIFESTS = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

async function readLayer(tar: Buffer): Promise<Layer> {
  const removed: string[] = [];
  const opaque: string[] = [];
  const files = new Map<string, string>();
  for (const { name, type, mode, owner, target, content } of await readTar(tar)) {
    const path = name.replace(/^\.?\//, '').replace(/\/$/, '');
    if (path === '' || path === '.') continue;
    const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : '';
    const last = path.slice(parent.length);
    if (last === OPAQUE) opaque.push(parent);
    else if (last.startsWith(WHITEOUT)) removed.push(parent + last.slice(WHITEOUT.length));
    else files.set(path, `${type} ${mode} ${owner} ${target ?? (type === 'file' ? digestOf(content) : '')}`);
  }
  return { removed, opaque, files };
}

function apply(layer: Layer, files: Map<string, string>): void {
  const removeBelow = (prefix: string) => {
    for (const path of [...files.keys()]) if (path.startsWith(prefix)) files.delete(path);
  };
  for (const path of layer.opaque) removeBelow(path);
  for (const path of layer.removed) {
    files.delete(path);
    removeBelow(`${path}/`);
  }
  for (const [path, entry] of layer.files) {
    if (!entry.startsWith('directory ')) removeBelow(`${path}/`);
    files.set(path, entry);
  }
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
