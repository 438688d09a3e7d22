import type { ConfigDocument, Path } from '../yaml/config-document.ts';
import { isMapping, type YamlValue } from '../yaml/value-tree.ts';

/**
 * A document's text as it may be shown: literal secrets are masked, line for line.
 * Where the document cannot be read, everything that looks like one is.
 */
export function shownText(document: ConfigDocument): string {
  const { text, value } = document;
  if (value === null) return text.replace(/^([ \t-]*value:[ \t]*)\S.*$/gm, '$1***');
  return secretPaths(value).reduce((masked, path) => {
    const extent = document.extent(path);
    if (!extent) return masked;
    const [start, end] = extent;
    return masked.slice(0, start) + masked.slice(start, end).replace(/\S/g, '*') + masked.slice(end);
  }, text);
}

function secretPaths(value: YamlValue): readonly Path[] {
  if (!isMapping(value)) return [];
  const secrets = itemsOf(value['secrets']).map((_, i): Path => ['secrets', i, 'value']);
  const passwords = itemsOf(value['git']).map((_, i): Path => ['git', i, 'basicAuth', 'password', 'value']);
  return [...secrets, ...passwords];
}

function itemsOf(value: YamlValue | undefined): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
