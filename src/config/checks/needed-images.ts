import type { Platform } from '../../oci/platform.ts';
import { imageNeeds } from '../image-needs.ts';
import type { ImageConfig } from '../project.ts';
import { type Finding, finding } from '../reading/finding.ts';
import { unknownImage } from '../reading/unknown-image.ts';
import type { ImageDocument } from './image-document.ts';

/** Names of images that nobody in the file has, and stages of images that have none. */
export function neededImages(
  images: readonly ImageDocument[],
  names: ReadonlySet<string>,
): readonly Finding[] {
  const byName = new Map(images.flatMap(({ image }) => image.names.map((name) => [name, image] as const)));
  return images.flatMap(({ image, document }) => {
    const unknown = image.dependencies.flatMap(({ image: name }, i) =>
      names.has(name) ? [] : [unknownImage({ document, names }, ['dependencies', i, 'image'], name)],
    );
    return [...unknown, ...stagesOfDockerfiles({ image, document }, byName)];
  });
}

function stagesOfDockerfiles(
  { image, document }: ImageDocument,
  byName: ReadonlyMap<string, ImageConfig>,
): readonly Finding[] {
  if (image.kind !== 'stapel') return [];
  return image.imports.flatMap(({ source, stage }, i) => {
    if (stage === null || source.kind !== 'image' || byName.get(source.image)?.kind !== 'dockerfile')
      return [];
    const message = `image \`${source.image}\` is built by a Dockerfile: it has no stage \`${stage}\``;
    return [finding(document, ['import', i, 'stage'], 'CONFIG_IMPORT_STAGE', message)];
  });
}

/**
 * Every platform of an image must be one of each image that it needs.
 * @param host that of images which name none; null: not known, then these are not judged
 */
export function missingPlatforms(
  images: readonly ImageDocument[],
  host: Platform | null,
): readonly Finding[] {
  const byName = new Map(images.flatMap(({ image }) => image.names.map((name) => [name, image] as const)));
  const platformsOf = (image: ImageConfig | undefined) =>
    image && image.platforms.length === 0 && host ? [host] : (image?.platforms ?? []);
  return images.flatMap(({ image, document }) =>
    imageNeeds(image).flatMap(({ name, path }) => {
      const needed = platformsOf(byName.get(name));
      const missing = platformsOf(image).filter(
        (platform) => needed.length > 0 && !needed.includes(platform),
      );
      return missing.map((platform) => {
        const own = image.names[0] === '' ? '~' : image.names[0];
        const message = `image \`${own}\` is built for ${platform}, and image \`${name}\`, which it needs, is not`;
        return finding(document, path, 'CONFIG_PLATFORM_MISSING', message, {
          hint: `add ${platform} to \`platform\` of \`${name}\``,
        });
      });
    }),
  );
}
