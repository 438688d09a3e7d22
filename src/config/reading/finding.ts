import type { ConfigDocument, Path, Place } from '../yaml/config-document.ts';

/** Something wrong or doubtful in a document, before its place is told in the words of the sources. */
export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly document: ConfigDocument;
  readonly place: Place;
  /** Mappings and lists that the message is about, shown in full; the empty path is the document itself. */
  readonly sections: readonly Path[];
  readonly hint?: string;
  /** It is about nothing that is written there. */
  readonly ofWholeFile?: boolean;
}

export interface FindingDetails {
  readonly hint?: string | undefined;
  /** The field's key is meant, not its value. */
  readonly atKey?: boolean;
  /** By default the mapping or list that the field is in. */
  readonly sections?: readonly Path[];
}

/** What is found out while documents are read; filled by the readers in any order. */
export interface Findings {
  readonly problems: Finding[];
  readonly warnings: Finding[];
}

export function noFindings(): Findings {
  return { problems: [], warnings: [] };
}

/** @param path of the field that the message is about */
export function finding(
  document: ConfigDocument,
  path: Path,
  code: string,
  message: string,
  { hint, atKey = false, sections = [path.slice(0, -1)] }: FindingDetails = {},
): Finding {
  const place = atKey ? document.keyPlace(path) : document.place(path);
  return { code, message, document, place, sections, ...(hint === undefined ? {} : { hint }) };
}

/** `git[0].to` */
export function fieldName(path: Path): string {
  return path
    .map((key) => (/^\d+$/.test(String(key)) ? `[${String(key)}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}
