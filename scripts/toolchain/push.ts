import { readFileSync } from 'node:fs';
import { blobAt, type Descriptor, digestOf, INDEX } from './oci.ts';
import type { RegistryClient } from './registry-client.ts';

interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/**
 * Puts images under one tag, as an index of their platforms; what the registry has already is not sent.
 * @param layout the OCI layout that holds them
 * @returns the digest of the index
 */
export async function pushIndex(
  registry: RegistryClient,
  layout: string,
  images: readonly Descriptor[],
  tag: string,
): Promise<string> {
  for (const image of images) {
    const content = readFileSync(blobAt(layout, image.digest));
    const manifest: Manifest = JSON.parse(content.toString('utf8'));
    for (const blob of [manifest.config, ...manifest.layers])
      await registry.putBlob(blob.digest, () => readFileSync(blobAt(layout, blob.digest)));
    await registry.putManifest(image.digest, image.mediaType, content);
  }
  const manifests = images.map(({ mediaType, digest, size, platform }) => ({
    mediaType,
    digest,
    size,
    platform,
  }));
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }));
  await registry.putManifest(tag, INDEX, index);
  return digestOf(index);
}
