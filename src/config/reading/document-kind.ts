import type { ConfigDocument } from '../yaml/config-document.ts';
import { PlainScalar } from '../yaml/plain-scalar.ts';
import { isMapping, type YamlValue } from '../yaml/value-tree.ts';
import { type Finding, finding } from './finding.ts';

export type DocumentKind = 'meta' | 'dockerfile' | 'stapel';

const DOCKERFILE_KEYS = ['context', 'contextAddFiles', 'contextAddFile', 'target', 'args'];

/** @returns what the document describes, or why that cannot be told */
export function documentKind(document: ConfigDocument): DocumentKind | Finding {
  const { value } = document;
  if (!isMapping(value)) {
    return finding(document, [], 'CONFIG_KIND', 'a document is a mapping of fields', { hint: KINDS });
  }
  if ('configVersion' in value) return 'meta';
  if ('dockerfile' in value) return 'dockerfile';
  const forgotten = DOCKERFILE_KEYS.find((key) => key in value);
  if (forgotten !== undefined) {
    const message = `\`dockerfile: Dockerfile\` is missing: \`${forgotten}\` is for images that a Dockerfile builds`;
    return finding(document, [forgotten], 'CONFIG_KIND', message, { atKey: true });
  }
  if ('image' in value || 'artifact' in value) return 'stapel';
  return finding(document, [], 'CONFIG_KIND', 'cannot tell the type of this section', { hint: KINDS });
}

const KINDS =
  'a section has `configVersion` (the project), or `image` with `dockerfile` or `from` (an image)';

/** Names that a document gives to images, as far as they can be read; '' is the nameless one. */
export function namesIn({ value }: ConfigDocument): readonly string[] {
  if (!isMapping(value) || 'configVersion' in value) return [];
  const given = 'image' in value ? value['image'] : value['artifact'];
  const names: readonly (YamlValue | undefined)[] = Array.isArray(given) ? given : [given];
  return names.flatMap((name) => {
    if (name === null) return [''];
    if (name instanceof PlainScalar) return [name.written];
    return typeof name === 'string' && name !== '' ? [name] : [];
  });
}
