import type { ImageFacts } from '../oci/image-facts.ts';
import type { Platform } from '../oci/platform.ts';
import type { Result } from './protocol.ts';

/** Facts as the engine sends them, in the types of this side; null when there is no such image. */
export function imageFactsOf(sent: Result<'registry.image'>): ImageFacts | null {
  if (!sent.found) return null;
  const { id, digest, mediaType, created, size, platform, labels, env, onBuild } = sent;
  return {
    id,
    digest,
    mediaType,
    created: new Date(created),
    size,
    platform: platform as Platform, // the engine normalises it
    labels: new Map(labels.map(({ name, value }) => [name, value])),
    env,
    onBuild,
  };
}
