import { createHash } from 'node:crypto';
import type { ImageBuilder, LocalImages } from '../engine/engine.ts';
import type { RepositoryAddress } from '../oci/repository-address.ts';
import type { Registry } from '../registry/registry.ts';

const PREFIX = 'base-image-';

/** Tag of the copy of an image that is not the project's, such as a base image or the toolchain. */
export function baseCopyTag(reference: string): string {
  return `${PREFIX}${createHash('sha256').update(wholeReference(reference)).digest('hex').slice(0, 56)}`;
}

export function isBaseCopy(tag: string): boolean {
  return tag.startsWith(PREFIX);
}

/** A reference with what it leaves out: docker.io, library, latest. A digest makes a tag beside it say nothing. */
export function wholeReference(reference: string): string {
  const [named = '', digest] = reference.split('@');
  const [, name = named, tag = 'latest'] = /^(.*):([\w][\w.-]*)$/.exec(named) ?? [];
  const [first = '', ...rest] = name.split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const path = isHost ? name : `docker.io/${rest.length === 0 ? `library/${name}` : name}`;
  return digest === undefined ? `${path}:${tag}` : `${path}@${digest}`;
}

export interface BaseCopiesParts {
  /** Repository that keeps the copies beside the stages. */
  readonly address: RepositoryAddress;
  readonly registry: Registry;
  readonly builder: ImageBuilder;
  readonly images: Pick<LocalImages, 'tag'>;
}

/**
 * Where the project's repository has copies of images that are not the project's, these are taken in place of the originals:
 * so builds need no other registry.
 */
export function withBaseCopies({ address, registry, builder, images }: BaseCopiesParts): {
  readonly registry: Registry;
  readonly builder: ImageBuilder;
} {
  const copyOf = async (reference: string, signal: AbortSignal): Promise<string | null> => {
    if (reference.startsWith(`${address}:`) || reference.startsWith(`${address}@`)) return null;
    // From the one list of the run.
    const copies = await registry.tags(address, { prefix: PREFIX, refresh: false }, signal);
    const tag = baseCopyTag(reference);
    return copies.includes(tag) ? `${address}:${tag}` : null;
  };
  return {
    registry: {
      ...registry,
      async image(reference, platform, signal) {
        const copy = await copyOf(reference, signal);
        return await registry.image(copy ?? reference, platform, signal);
      },
    },
    builder: {
      ...builder,
      async pull(reference, options, waiting) {
        const copy = await copyOf(reference, waiting.signal);
        if (copy === null) return await builder.pull(reference, options, waiting);
        const got = await builder.pull(copy, options, waiting);
        // Builds look for it by the name that they know.
        await images.tag(got.image.facts.id, wholeReference(reference), waiting.signal);
        return got;
      },
    },
  };
}
