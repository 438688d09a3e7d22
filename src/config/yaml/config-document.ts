import type { LineCounter } from 'yaml';
import { parseYaml } from './parse-yaml.ts';
import { type DocumentText, splitDocuments } from './split-documents.ts';
import { type LocatedValue, type TreeProblem, valueTree, type YamlValue } from './value-tree.ts';

/** A place in the rendered text; lines and columns count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export type Path = readonly PropertyKey[];

/** One document of the rendered text, with a way back from its values to the lines they stand on. */
export interface ConfigDocument {
  /** Its text as it stands in the file, without the separator. */
  readonly text: string;
  /** Line of the rendered text where it begins. */
  readonly firstLine: number;
  /** null when it cannot be read. */
  readonly value: YamlValue;
  /** Why it cannot be read; then nothing else of it is known. */
  readonly problems: readonly { readonly message: string; readonly place: Place }[];
  /** Where a value stands; where its nearest parent does if there is none. */
  place(path: Path): Place;
  /** Where the key of a value stands. */
  keyPlace(path: Path): Place;
  /** Offsets in `text` of a value; null when there is none. */
  extent(path: Path): readonly [start: number, end: number] | null;
}

/** The documents of a rendered text that hold more than blanks and comments. */
export function readDocuments(text: string): readonly ConfigDocument[] {
  return splitDocuments(text.replace(/^\uFEFF/, '')).map(readDocument);
}

function readDocument({ text, firstLine }: DocumentText): ConfigDocument {
  const { document, lines, problems } = parseYaml(text);
  const tree = document ? valueTree(document) : null;
  const all: readonly TreeProblem[] = tree ? tree.problems : problems;
  const root = all.length === 0 && tree ? tree.root : null;
  const place = (offset: number) => placeOf(lines, offset, firstLine);
  return {
    text,
    firstLine,
    value: root?.value ?? null,
    problems: all.map(({ message, offset }) => ({ message, place: place(offset) })),
    place: (path) => place(nearest(root, path).node?.start ?? 0),
    keyPlace: (path) => place(nearest(root, path).keyStart),
    extent: (path) => {
      const { node, depth } = nearest(root, path);
      return node && depth === path.length ? [node.start, node.end] : null;
    },
  };
}

function placeOf(lines: LineCounter, offset: number, firstLine: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line) + firstLine - 1, column: Math.max(1, col) };
}

/** The value at a path, or the deepest one on the way to it. */
function nearest(root: LocatedValue | null, path: Path) {
  let node = root;
  let keyStart = root?.start ?? 0;
  let depth = 0;
  for (const key of path) {
    const child = node?.children.get(String(key));
    if (!child) break;
    node = child.node;
    keyStart = child.keyStart;
    depth++;
  }
  return { node, keyStart, depth };
}
