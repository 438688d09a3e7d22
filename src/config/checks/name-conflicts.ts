import { type Finding, finding } from '../reading/finding.ts';
import type { ImageDocument } from './image-document.ts';

/** Names given twice, and a nameless image beside others. */
export function nameConflicts(images: readonly ImageDocument[]): readonly Finding[] {
  return [...namesTwice(images), ...namelessBesideOthers(images)];
}

function namesTwice(images: readonly ImageDocument[]): readonly Finding[] {
  const seen = new Map<string, number>();
  return images.flatMap(({ image, document }) => {
    const key = keyOfNames(image);
    return image.names.flatMap((name) => {
      const line = seen.get(name);
      if (line === undefined) {
        seen.set(name, document.place([key]).line);
        return [];
      }
      const message = `conflict between images names: \`${name === '' ? '~' : name}\` is already at line ${line}`;
      return [finding(document, [key], 'CONFIG_NAME_TWICE', message)];
    });
  });
}

/** Artifacts and images that are not final may stand beside the nameless one. */
function namelessBesideOthers(images: readonly ImageDocument[]): readonly Finding[] {
  const nameless = images.filter(({ image }) => image.names.includes(''));
  const others = images.filter(({ image }) => image.final || image.names.includes(''));
  if (others.length < 2) return [];
  const message = 'a nameless image (`image: ~`) is allowed only when it is the only one of its file';
  return nameless.map(({ document }) =>
    finding(document, ['image'], 'CONFIG_NAMELESS', message, { hint: 'give it a name' }),
  );
}

function keyOfNames(image: ImageDocument['image']): string {
  return image.kind === 'stapel' && image.artifact ? 'artifact' : 'image';
}
