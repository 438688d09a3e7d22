/** What a tar says of an entry beside its content; owner and group are 0. */
export interface TarEntry {
  /** Without a leading slash; that of a directory ends with one. */
  readonly path: string;
  readonly type: 'file' | 'link' | 'directory';
  /** Permissions. */
  readonly mode: number;
  /** Bytes of content; 0 unless a file. */
  readonly size: number;
  /** Unix seconds. */
  readonly date: number;
  /** Target of a link; otherwise empty. */
  readonly target: string;
}

/** Everything in a tar begins at a multiple of so many bytes. */
export const TAR_BLOCK = 512;

/** Two empty blocks end an archive. */
export const TAR_END = Buffer.alloc(2 * TAR_BLOCK);

/** A size of 12 octal digits and more does not fit its field. */
const LARGEST_SIZE = 0o77777777777;

const TYPES = { file: '0', link: '2', directory: '5', extended: 'x' } as const;

/**
 * The header of an entry in the format ustar, behind an extended header (pax) where ustar has no place for the path,
 * the target or the size. Names that are not ASCII are always in an extended header, where they are UTF-8 for certain.
 */
export function tarHeader(entry: TarEntry): Buffer {
  const name = splitName(entry.path);
  const fitsTarget = Buffer.byteLength(entry.target) <= 100 && isAscii(entry.target);
  if (name && fitsTarget && entry.size <= LARGEST_SIZE) return ustar(entry, name, TYPES[entry.type]);
  const records = [
    ...(name ? [] : [record('path', entry.path)]),
    ...(fitsTarget ? [] : [record('linkpath', entry.target)]),
    ...(entry.size <= LARGEST_SIZE ? [] : [record('size', String(entry.size))]),
  ];
  const extension = Buffer.from(records.join(''));
  const about = { ...entry, path: '', mode: 0o644, size: extension.length, target: '' };
  const shown = {
    ...entry,
    size: Math.min(entry.size, LARGEST_SIZE),
    target: fitsTarget ? entry.target : '',
  };
  return Buffer.concat([
    ustar(about, { prefix: '', name: 'PaxHeader' }, TYPES.extended),
    extension,
    tarPadding(extension.length),
    ustar(shown, name ?? { prefix: '', name: 'PaxHeader' }, TYPES[entry.type]),
  ]);
}

/** What fills the last block of so many bytes. */
export function tarPadding(size: number): Buffer {
  return TAR_END.subarray(0, (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK);
}

interface SplitName {
  readonly prefix: string;
  readonly name: string;
}

/** Up to 100 bytes of name behind up to 155 of its directories; null where it cannot be. */
function splitName(path: string): SplitName | null {
  if (!isAscii(path)) return null;
  if (path.length <= 100) return { prefix: '', name: path };
  const cut = path.indexOf('/', path.length - 101);
  if (cut <= 0 || cut > 155 || cut === path.length - 1) return null;
  return { prefix: path.slice(0, cut), name: path.slice(cut + 1) };
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

/** `<length of the whole record> <key>=<value>`, with a line feed. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  const digits = String(bytes + String(bytes).length).length;
  return `${bytes + digits}${rest}`;
}

function ustar({ mode, size, date, target }: TarEntry, { prefix, name }: SplitName, type: string): Buffer {
  // From the pool of small buffers: one of its own for every file would keep the garbage collector busy.
  const header = Buffer.allocUnsafe(TAR_BLOCK).fill(0);
  header.write(name, 0, 100, 'latin1');
  // Owner and group, and the checksum as it counts itself: blanks.
  header.write(`${octal(mode, 6)} \0${octal(0, 6)} \0${octal(0, 6)} \0`, 100, 24, 'latin1');
  header.write(`${octal(size, 11)} ${octal(date, 11)}         ${type}`, 124, 33, 'latin1');
  header.write(target, 157, 100, 'latin1');
  header.write('ustar\0' + '00', 257, 8, 'latin1');
  header.write(`${octal(0, 6)} \0${octal(0, 6)} \0`, 329, 16, 'latin1');
  header.write(prefix, 345, 155, 'latin1');
  let sum = 0;
  for (let at = 0; at < TAR_BLOCK; at++) sum += header[at] ?? 0;
  header.write(`${octal(sum, 6)} \0`, 148, 8, 'latin1');
  return header;
}

/** The nearest number that has a place: years before 1970 have none. */
function octal(value: number, digits: number): string {
  return Math.min(Math.max(value, 0), 8 ** digits - 1)
    .toString(8)
    .padStart(digits, '0');
}
