import { nearest } from '../../diagnostics/nearest.ts';
import type { ConfigDocument, Path } from '../yaml/config-document.ts';
import { type Finding, finding } from './finding.ts';

/** A field names an image that the file does not have. */
export function unknownImage(
  { document, names }: { readonly document: ConfigDocument; readonly names: ReadonlySet<string> },
  path: Path,
  name: string,
): Finding {
  const known = [...names].filter((candidate) => candidate !== '');
  const guess = nearest(name, known);
  return finding(document, path, 'CONFIG_IMAGE_UNKNOWN', `image \`${name}\` not found`, {
    ...(guess === null ? {} : { hint: `did you mean \`${guess}\`?` }),
  });
}
