import { imageReference } from '../image-reference.ts';
import type { StapelSection } from '../schema/stapel-section.ts';
import type { StapelBase } from '../stapel-parts.ts';
import { addProblem, type ImageReading, warnOld } from './image-reading.ts';
import { unknownImage } from './unknown-image.ts';

/** What the image starts from. The old spellings beat `from` and always mean an image of the file. */
export function readStapelBase(
  reading: ImageReading,
  { from = '', fromImage, fromArtifact }: StapelSection,
  ownNames: readonly string[],
): StapelBase {
  const old = fromImage ?? fromArtifact;
  if (old !== undefined) {
    const key = fromImage === undefined ? 'fromArtifact' : 'fromImage';
    warnOld(reading, [key], '`from`');
    if (!reading.names.has(old)) reading.findings.problems.push(unknownImage(reading, [key], old));
    return { kind: 'image', image: old };
  }
  if (from === 'scratch') return { kind: 'scratch' };
  const isOwn = ownNames.includes(from);
  if (reading.names.has(from) && !isOwn) return { kind: 'image', image: from };
  if (!imageReference(from)) {
    const message = `\`from\`: "${from}" is neither an image of this file nor a reference \`[registry/]name[:tag][@digest]\``;
    addProblem(reading, ['from'], 'CONFIG_FIELD', message);
  }
  return { kind: 'reference', reference: isOwn ? `${from}:latest` : from };
}
