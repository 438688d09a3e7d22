import type { ImageConfig } from './project.ts';

/** An image of the file that another one needs, and the field that says so. */
export interface ImageNeed {
  readonly kind: 'from' | 'import' | 'dependency';
  readonly name: string;
  /** Where the field is in its document. */
  readonly path: readonly (string | number)[];
}

/** In the order base, imports, dependencies; an image may be needed several times. */
export function imageNeeds(image: ImageConfig): readonly ImageNeed[] {
  const dependencies = image.dependencies.map(
    ({ image: name }, i): ImageNeed => ({ kind: 'dependency', name, path: ['dependencies', i, 'image'] }),
  );
  if (image.kind === 'dockerfile') return dependencies;
  const { base, imports } = image;
  const from: readonly ImageNeed[] =
    base.kind === 'image' ? [{ kind: 'from', name: base.image, path: ['from'] }] : [];
  const imported = imports.flatMap(({ source }, i): readonly ImageNeed[] =>
    source.kind === 'image' ? [{ kind: 'import', name: source.image, path: ['import', i, 'from'] }] : [],
  );
  return [...from, ...imported, ...dependencies];
}
