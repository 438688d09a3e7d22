import { readDocuments } from './yaml/config-document.ts';
import { PlainScalar } from './yaml/plain-scalar.ts';
import type { YamlValue } from './yaml/value-tree.ts';

/** A document of the rendered configuration. */
export interface RenderedDocument {
  /** As it stands there, without the separator. */
  readonly text: string;
  /** Names of the images it describes, '' for the nameless one; none: it describes the project. */
  readonly images: readonly string[];
}

/** The documents that hold more than blanks and comments, in file order. */
export function renderedDocuments(text: string): readonly RenderedDocument[] {
  return readDocuments(text).map((document) => ({ text: document.text, images: imagesOf(document.value) }));
}

function imagesOf(value: YamlValue): readonly string[] {
  if (
    value === null ||
    typeof value !== 'object' ||
    value instanceof PlainScalar ||
    'configVersion' in value
  ) {
    return [];
  }
  const given: YamlValue = 'image' in value ? value.image : 'artifact' in value ? value.artifact : null;
  return (Array.isArray(given) ? given : [given]).map(nameOf);
}

function nameOf(value: YamlValue): string {
  if (typeof value === 'string') return value;
  return value instanceof PlainScalar ? value.written : '';
}
