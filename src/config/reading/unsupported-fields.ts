import type { Position } from '../../diagnostics/problem.ts';
import type { ImageBase, UnsupportedField } from '../project.ts';
import { type ImageReading, keyPositionOf } from './image-reading.ts';

/** What is carried but cannot be built yet, each where it is asked for. @param more of one kind of image */
export function unsupportedFields(
  reading: ImageReading,
  { sbom }: Pick<ImageBase, 'sbom'>,
  more: readonly (readonly [field: string, isAsked: boolean])[] = [],
): readonly UnsupportedField[] {
  return ([['sbom', sbom !== null], ...more] as const)
    .filter(([, isAsked]) => isAsked)
    .map(([field]) => ({ field, position: whereAsked(reading, field) }));
}

/** In the image's document, else in the project's defaults. */
function whereAsked(reading: ImageReading, field: string): Position {
  const isOwn = reading.document.extent([field]) !== null;
  return (isOwn ? null : reading.defaults.position(field)) ?? keyPositionOf(reading, [field]);
}
