/** Machines of ELF files to the names that Debian gives their architectures. */
const MACHINES: Readonly<Record<number, Architecture>> = { 62: 'amd64', 183: 'arm64' };

export type Architecture = 'amd64' | 'arm64';

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

interface Text {
  readonly value: string;
  /** Of its first byte in the file. */
  readonly offset: number;
}

/** The parts of an ELF file that decide what is loaded with it. Offsets are of the file, in bytes. */
export interface Elf {
  readonly architecture: Architecture;
  /** `room` is the bytes of the file that hold it, with the zero at its end. */
  readonly interpreter: (Text & { readonly room: number }) | null;
  readonly soname: string | null;
  readonly needed: readonly string[];
  /** RPATH and RUNPATH. */
  readonly runPaths: readonly Text[];
  /** Names of dynamic symbols that the file takes from others, with the offset of the field that points to the name. */
  readonly imports: readonly { readonly name: string; readonly field: number }[];
  /** Where the table of dynamic names lies. */
  readonly strings: { readonly offset: number; readonly size: number } | null;
}

const LOAD = 1;
const DYNAMIC = 2;
const INTERPRETER = 3;
const TAG = { needed: 1, strings: 5, symbols: 6, stringsSize: 10, soname: 14, rpath: 15, runpath: 29 };

export function isElf(content: Buffer): boolean {
  return content.length > 64 && content.readUInt32BE(0) === 0x7f454c46;
}

const big = (content: Buffer, at: number) => Number(content.readBigUInt64LE(at));

/** @throws Error when the file is no 64-bit little-endian ELF of a known machine, or is cut off */
export function readElf(content: Buffer): Elf {
  if (!isElf(content) || content[4] !== 2 || content[5] !== 1) throw new Error('this is no 64-bit ELF file');
  const machine = content.readUInt16LE(18);
  const architecture = MACHINES[machine];
  if (!architecture) throw new Error(`ELF files of machine ${machine} are not known`);
  const segments = segmentsOf(content);
  const interpreter = segments.find(({ type }) => type === INTERPRETER);
  const dynamic = dynamicOf(content, segments);
  const value = (tag: number) => dynamic.find((entry) => entry.tag === tag)?.value;
  const address = value(TAG.strings);
  const strings =
    address === undefined ? null : { offset: offsetOf(segments, address), size: value(TAG.stringsSize) ?? 0 };
  const named = (tag: number): readonly Text[] =>
    strings === null
      ? []
      : dynamic
          .filter((entry) => entry.tag === tag)
          .map((entry) => textAt(content, strings.offset + entry.value));
  const symbols = value(TAG.symbols);
  return {
    architecture,
    interpreter: interpreter ? { ...textAt(content, interpreter.offset), room: interpreter.size } : null,
    soname: named(TAG.soname)[0]?.value ?? null,
    needed: named(TAG.needed).map((name) => name.value),
    runPaths: [...named(TAG.rpath), ...named(TAG.runpath)],
    imports:
      strings && symbols !== undefined && address !== undefined && symbols < address
        ? importsOf(content, offsetOf(segments, symbols), strings)
        : [],
    strings,
  };
}

function segmentsOf(content: Buffer): readonly Segment[] {
  const table = big(content, 32);
  const [size, count] = [content.readUInt16LE(54), content.readUInt16LE(56)];
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * size;
    return {
      type: content.readUInt32LE(at),
      offset: big(content, at + 8),
      address: big(content, at + 16),
      size: big(content, at + 32),
    };
  });
}

function dynamicOf(content: Buffer, segments: readonly Segment[]) {
  const segment = segments.find(({ type }) => type === DYNAMIC);
  const entries: { readonly tag: number; readonly value: number }[] = [];
  for (let at = segment?.offset ?? 0; segment && at < segment.offset + segment.size; at += 16) {
    const tag = big(content, at);
    if (tag === 0) break;
    entries.push({ tag, value: big(content, at + 8) });
  }
  return entries;
}

function offsetOf(segments: readonly Segment[], address: number): number {
  const segment = segments.find(
    (one) => one.type === LOAD && address >= one.address && address < one.address + one.size,
  );
  if (!segment) throw new Error(`no part of the ELF file is loaded at address ${address}`);
  return address - segment.address + segment.offset;
}

function textAt(content: Buffer, offset: number): Text {
  const end = content.indexOf(0, offset);
  if (end < 0) throw new Error(`a name of the ELF file at byte ${offset} has no end`);
  return { value: content.toString('latin1', offset, end), offset };
}

/** Symbols lie right before their names in what linkers make; undefined ones have section 0. */
function importsOf(content: Buffer, symbols: number, strings: { offset: number; size: number }) {
  const imports: { name: string; field: number }[] = [];
  for (let at = symbols + 24; at + 24 <= strings.offset; at += 24) {
    const name = content.readUInt32LE(at);
    if (name >= strings.size) break;
    if (name !== 0 && content.readUInt16LE(at + 6) === 0)
      imports.push({ name: textAt(content, strings.offset + name).value, field: at });
  }
  return imports;
}
