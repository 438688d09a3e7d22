import { type Document, isAlias, isMap, isScalar, isSeq, type ParsedNode, type Scalar } from 'yaml';
import { type PlainScalar, resolvePlain } from './plain-scalar.ts';

/** What a document holds. Quoted and block scalars are strings, `~` and nothing at all are null. */
export type YamlValue = null | string | PlainScalar | readonly YamlValue[] | YamlMapping;
export interface YamlMapping {
  readonly [key: string]: YamlValue;
}

/** A value and where it is written; offsets are those of the document's text. */
export interface LocatedValue {
  readonly value: YamlValue;
  readonly start: number;
  readonly end: number;
  readonly children: ReadonlyMap<string, LocatedChild>;
  /** Number of values in it, those of aliases counted wherever they are used. */
  readonly weight: number;
}

export interface LocatedChild {
  readonly node: LocatedValue;
  /** Where its key is written; in a list, where the value is. */
  readonly keyStart: number;
}

export interface TreeProblem {
  readonly message: string;
  readonly offset: number;
}

/** Aliases may repeat a part at most so often that this many values come out. */
const MOST_VALUES = 200_000;

/** Turns a parsed document into values with their places; anchors, aliases and merges are resolved. */
export function valueTree(document: Document.Parsed): {
  readonly root: LocatedValue;
  readonly problems: readonly TreeProblem[];
} {
  const reader: TreeReader = { anchors: new Map(), problems: [] };
  const root = readNode(reader, document.contents, 0);
  if (root.weight > MOST_VALUES) {
    const message = `aliases make more than ${MOST_VALUES} values of this document`;
    reader.problems.push({ message, offset: root.start });
  }
  return { root, problems: reader.problems };
}

interface TreeReader {
  /** null while the anchored value is still being read. */
  readonly anchors: Map<string, LocatedValue | null>;
  readonly problems: TreeProblem[];
}

type Children = Map<string, LocatedChild>;

function readNode(reader: TreeReader, node: ParsedNode | null, offset: number): LocatedValue {
  if (node === null) return leaf(null, offset, offset);
  const [start, end] = node.range;
  if (isAlias(node)) return readAlias(reader, node.source, start);
  const { anchor } = node;
  if (anchor !== undefined) reader.anchors.set(anchor, null);
  const read = isMap(node)
    ? readMapping(reader, node.items, start, end)
    : isSeq(node)
      ? readList(reader, node.items, start, end)
      : leaf(scalarValue(node), start, end);
  if (anchor !== undefined) reader.anchors.set(anchor, read);
  return read;
}

function leaf(value: YamlValue, start: number, end: number): LocatedValue {
  return { value, start, end, children: new Map(), weight: 1 };
}

/** A tag other than that of strings is refused before; block and quoted scalars are text. */
function scalarValue({ type, tag, value }: Scalar<unknown>): YamlValue {
  const text = typeof value === 'string' ? value : '';
  return type === 'PLAIN' && tag === undefined ? resolvePlain(text) : text;
}

function readAlias({ anchors, problems }: TreeReader, name: string, offset: number): LocatedValue {
  const target = anchors.get(name);
  if (target) return target;
  const message =
    target === null
      ? `the anchor \`&${name}\` contains itself`
      : `there is no anchor \`&${name}\` before this`;
  problems.push({ message, offset });
  return leaf(null, offset, offset);
}

function readList(reader: TreeReader, items: readonly unknown[], start: number, end: number): LocatedValue {
  const children: Children = new Map();
  const values: YamlValue[] = [];
  items.forEach((item, index) => {
    const node = readNode(reader, item as ParsedNode, start);
    children.set(String(index), { node, keyStart: node.start });
    values.push(node.value);
  });
  return { value: values, start, end, children, weight: weightOf(children) };
}

interface ParsedPair {
  readonly key: unknown;
  readonly value: unknown;
}

function readMapping(
  reader: TreeReader,
  items: readonly ParsedPair[],
  start: number,
  end: number,
): LocatedValue {
  const own: Children = new Map();
  const merged: LocatedValue[] = [];
  for (const item of items) {
    const key = item.key as ParsedNode;
    const keyStart = key.range[0];
    const node = readNode(reader, item.value as ParsedNode | null, key.range[1]);
    if (!isScalar(key) || typeof key.value !== 'string') {
      reader.problems.push({ message: 'a key must be plain text', offset: keyStart });
    } else if (key.value === '<<' && key.type === 'PLAIN') {
      merged.push(...mergeSources(reader, node, keyStart));
    } else if (own.has(key.value)) {
      reader.problems.push({ message: `the key \`${key.value}\` is given twice`, offset: keyStart });
    } else {
      own.set(key.value, { node, keyStart });
    }
  }
  for (const { children } of merged) {
    for (const [key, child] of children) if (!own.has(key)) own.set(key, child);
  }
  const value: Record<string, YamlValue> = Object.create(null);
  for (const [key, child] of own) value[key] = child.node.value;
  return { value, start, end, children: own, weight: weightOf(own) };
}

/** What `<<` takes in: a mapping, or several of which the first one wins. */
function mergeSources(reader: TreeReader, node: LocatedValue, offset: number): readonly LocatedValue[] {
  const sources = Array.isArray(node.value) ? [...node.children.values()].map((child) => child.node) : [node];
  if (sources.every(({ value }) => isMapping(value))) return sources;
  reader.problems.push({ message: '`<<` takes a mapping or a list of mappings', offset });
  return [];
}

function weightOf(children: Children): number {
  let weight = 1;
  for (const { node } of children.values()) weight += node.weight;
  return weight;
}

export function isMapping(value: unknown): value is YamlMapping {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null;
}
