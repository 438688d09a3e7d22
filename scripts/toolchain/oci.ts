import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Architecture } from './elf.ts';

export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX = 'application/vnd.oci.image.index.v1+json';
const NAME = 'org.opencontainers.image.ref.name';

export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly platform?: { readonly os: 'linux'; readonly architecture: Architecture };
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Image {
  readonly architecture: Architecture;
  /** The layer before and after compression. */
  readonly tar: Buffer;
  readonly gzip: Buffer;
  /** Unix seconds. */
  readonly date: number;
  readonly entrypoint: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export const digestOf = (content: Buffer) => `sha256:${createHash('sha256').update(content).digest('hex')}`;

export const blobAt = (layout: string, digest: string) => join(layout, 'blobs', ...digest.split(':'));

function put(layout: string, mediaType: string, content: Buffer): Descriptor {
  const digest = digestOf(content);
  const path = blobAt(layout, digest);
  if (!existsSync(path)) {
    writeFileSync(`${path}.new`, content);
    renameSync(`${path}.new`, path);
  }
  return { mediaType, digest, size: content.length };
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value));

export function readLayout(layout: string): readonly Descriptor[] {
  const index = join(layout, 'index.json');
  return existsSync(index) ? JSON.parse(readFileSync(index, 'utf8')).manifests : [];
}

/** The image of this name in a layout, or null. */
export function findImage(layout: string, name: string): Descriptor | null {
  return readLayout(layout).find((one) => one.annotations?.[NAME] === name) ?? null;
}

/** Puts an image of one layer into an OCI layout, in the place of one with this name; other images of it stay. */
export function putImage(layout: string, name: string, image: Image): Descriptor {
  mkdirSync(join(layout, 'blobs', 'sha256'), { recursive: true });
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const created = new Date(image.date * 1000).toISOString().replace('.000Z', 'Z');
  const layer = put(layout, 'application/vnd.oci.image.layer.v1.tar+gzip', image.gzip);
  const config = {
    created,
    architecture: image.architecture,
    os: 'linux',
    config: { Entrypoint: image.entrypoint, Labels: image.labels },
    rootfs: { type: 'layers', diff_ids: [digestOf(image.tar)] },
    history: [{ created, created_by: 'scripts/stapel build' }],
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: put(layout, 'application/vnd.oci.image.config.v1+json', json(config)),
    layers: [layer],
  };
  const descriptor: Descriptor = {
    ...put(layout, MANIFEST, json(manifest)),
    platform: { os: 'linux', architecture: image.architecture },
    annotations: { [NAME]: name },
  };
  const others = readLayout(layout).filter((one) => one.annotations?.[NAME] !== name);
  const manifests = [...others, descriptor].sort((a, b) =>
    (a.annotations?.[NAME] ?? '') < (b.annotations?.[NAME] ?? '') ? -1 : 1,
  );
  const index = join(layout, 'index.json');
  writeFileSync(`${index}.new`, JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }));
  renameSync(`${index}.new`, index);
  removeUnused(layout, manifests);
  return descriptor;
}

/** Blobs of images that were replaced. */
function removeUnused(layout: string, images: readonly Descriptor[]): void {
  const used = images.flatMap(({ digest }) => {
    const manifest = JSON.parse(readFileSync(blobAt(layout, digest), 'utf8'));
    return [digest, manifest.config.digest, ...manifest.layers.map((layer: Descriptor) => layer.digest)];
  });
  for (const name of readdirSync(join(layout, 'blobs', 'sha256')))
    if (!used.includes(`sha256:${name}`)) rmSync(join(layout, 'blobs', 'sha256', name));
}
