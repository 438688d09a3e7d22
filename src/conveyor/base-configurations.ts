import { sharedWork } from '../concurrency/shared-work.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { BaseConfiguration } from '../dockerfile/dockerfile.ts';
import type { ImageFacts } from '../oci/image-facts.ts';
import type { Platform } from '../oci/platform.ts';
import type { Registry } from '../registry/registry.ts';
import type { FactsCache } from '../storage/facts-cache.ts';

/** What external base images are, without pulling them. */
export interface BaseConfigurations {
  /** @throws UserError when neither this machine nor the registry knows the image */
  get(reference: string, platform: Platform, signal: AbortSignal): Promise<BaseConfiguration>;
  /**
   * Takes note of a base that was pulled.
   * @returns whether it differs from what was known in a way that changes digests
   */
  pulled(reference: string, platform: Platform, facts: ImageFacts): Promise<boolean>;
}

export interface BaseConfigurationsParts {
  readonly cache: FactsCache;
  readonly registry: Registry;
  /** The image in this machine's store; null when it is not there or the store is not to be opened. */
  readonly local: (reference: string, platform: Platform, signal: AbortSignal) => Promise<ImageFacts | null>;
}

/**
 * The cache is asked before the store, since opening the store costs an unprivileged user a namespace;
 * it is renewed by every pull, so that it never knows less than the store.
 */
export function baseConfigurations({ cache, registry, local }: BaseConfigurationsParts): BaseConfigurations {
  const shared = sharedWork<ImageFacts>();
  const key = (reference: string, platform: Platform) => `base ${platform} ${reference}`;
  const lookUp = async (reference: string, platform: Platform, signal: AbortSignal) => {
    const known = await cache.get(key(reference, platform));
    if (known) return known;
    const found =
      (await local(reference, platform, signal)) ?? (await registry.image(reference, platform, signal));
    if (!found) {
      throw new UserError(
        'BASE_IMAGE_NOT_FOUND',
        `the base image ${reference} does not exist for ${platform}`,
        {
          hint: 'check the name, the tag and the platform in FROM; a private registry answers so to strangers too: log in first',
        },
      );
    }
    await cache.put(key(reference, platform), found);
    return found;
  };
  return {
    async get(reference, platform, signal) {
      const name = key(reference, platform);
      return configurationOf(reference, await shared.get(name, () => lookUp(reference, platform, signal)));
    },
    async pulled(reference, platform, facts) {
      const name = key(reference, platform);
      const known = await cache.get(name);
      await cache.put(name, facts);
      shared.set(name, facts);
      return known !== null && !sameMeaning(known, facts);
    },
  };
}

function configurationOf(reference: string, { env, onBuild }: ImageFacts): BaseConfiguration {
  return { reference, env: [...env], onBuild: [...onBuild] };
}

function sameMeaning(a: ImageFacts, b: ImageFacts): boolean {
  return JSON.stringify([a.env, a.onBuild]) === JSON.stringify([b.env, b.onBuild]);
}
