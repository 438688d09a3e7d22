import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

export interface PutImage {
  readonly host: string;
  readonly repository: string;
  readonly tags: readonly string[];
  /** Makes it differ from others. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Uploads an image of one empty layer by the registry's own API. @returns digests of manifest and configuration */
export async function putImage({ host, repository, tags, labels }: PutImage) {
  const tar = Buffer.alloc(1024);
  const layer = gzipSync(tar);
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      created: '2024-05-06T07:08:09Z',
      config: { Env: ['B=2', 'A=1'], OnBuild: ['RUN true'], Labels: labels },
      rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
    }),
  );
  const base = `http://${host}/v2/${repository}`;
  for (const blob of [layer, config]) await upload(base, blob);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: descriptor('application/vnd.oci.image.config.v1+json', config),
      layers: [descriptor('application/vnd.oci.image.layer.v1.tar+gzip', layer)],
    }),
  );
  for (const tag of tags) {
    const headers = { 'content-type': MANIFEST };
    await expectOk(
      fetch(`${base}/manifests/${tag}`, { method: 'PUT', headers, body: new Uint8Array(manifest) }),
    );
  }
  return { digest: digestOf(manifest), id: digestOf(config), size: layer.length };
}

export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

async function upload(base: string, blob: Buffer): Promise<void> {
  const begun = await expectOk(fetch(`${base}/blobs/uploads/`, { method: 'POST' }));
  const place = new URL(begun.headers.get('location') ?? '', base);
  place.searchParams.set('digest', digestOf(blob));
  await expectOk(fetch(place, { method: 'PUT', body: new Uint8Array(blob) }));
}

async function expectOk(answer: Promise<Response>): Promise<Response> {
  const response = await answer;
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
  return response;
}

function descriptor(mediaType: string, bytes: Buffer) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
