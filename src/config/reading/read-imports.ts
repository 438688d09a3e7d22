import type { BuildMoment } from '../image-inputs.ts';
import { imageReference } from '../image-reference.ts';
import type { ImportSection } from '../schema/import-section.ts';
import type { ImportMapping } from '../stapel-parts.ts';
import { addProblem, type ImageReading, warnOld } from './image-reading.ts';
import { readFileMapping } from './read-file-mapping.ts';
import { unknownImage } from './unknown-image.ts';

export function readImports(
  reading: ImageReading,
  fields: readonly ImportSection[],
): readonly ImportMapping[] {
  return fields.map((entry, i) => ({
    ...readFileMapping(reading, ['import', i], entry),
    source: sourceOf(reading, entry, i),
    stage: entry.stage ?? null,
    when: momentOf(entry),
  }));
}

export function momentOf({
  before,
  after,
}: {
  readonly before?: BuildMoment['stage'] | undefined;
  readonly after?: BuildMoment['stage'] | undefined;
}): BuildMoment {
  return before === undefined
    ? { order: 'after', stage: after ?? 'install' }
    : { order: 'before', stage: before };
}

function sourceOf(reading: ImageReading, entry: ImportSection, i: number): ImportMapping['source'] {
  const key = (['from', 'image', 'artifact'] as const).find((name) => entry[name] !== undefined) ?? 'from';
  const name = entry[key] ?? '';
  const path = ['import', i, key];
  if (key !== 'from') warnOld(reading, path, '`from`');
  if (reading.names.has(name)) return { kind: 'image', image: name };
  const reference = imageReference(name);
  if (key !== 'from' || !reference || (reference.tag === null && reference.digest === null)) {
    reading.findings.problems.push(unknownImage(reading, path, name));
    return { kind: 'image', image: name };
  }
  if (entry.stage !== undefined) {
    addProblem(
      reading,
      ['import', i, 'stage'],
      'CONFIG_IMPORT_STAGE',
      `\`${name}\` is no image of this file: it has no \`stage\``,
    );
  }
  return { kind: 'reference', reference: name };
}
