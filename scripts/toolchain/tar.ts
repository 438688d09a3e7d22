const BLOCK = 512;

export type TarEntry =
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Buffer }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number };

const text = (block: Buffer, from: number, length: number) => {
  const part = block.subarray(from, from + length);
  const end = part.indexOf(0);
  return part.toString('utf8', 0, end < 0 ? length : end);
};

/** `./usr/bin/` as `usr/bin`. */
const plain = (path: string) => path.replace(/^(\.?\/)+/, '').replace(/\/+$/, '');

/**
 * Files, symbolic links and directories of a tar in its order; a hard link is a file of its own with the same content.
 * Contents are views of the archive. Long names in GNU's and in pax's form are understood.
 * @throws Error when the archive is cut off or holds another kind of entry
 */
export function readTar(archive: Buffer): readonly TarEntry[] {
  const entries: TarEntry[] = [];
  const files = new Map<string, Buffer>();
  let longName: string | null = null;
  let longTarget: string | null = null;
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const header = archive.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return entries;
    const size = Number.parseInt(text(header, 124, 12).trim() || '0', 8);
    const start = at + BLOCK;
    if (!(start + size <= archive.length)) throw new Error(`the tar ends within its entry at byte ${at}`);
    const content = archive.subarray(start, start + size);
    at = start + Math.ceil(size / BLOCK) * BLOCK;
    const type = text(header, 156, 1) || '0';
    if (type === 'L' || type === 'K') {
      const long = text(content, 0, size);
      if (type === 'L') longName = long;
      else longTarget = long;
      continue;
    }
    if (type === 'x') {
      const records = paxRecords(content);
      longName = records.get('path') ?? longName;
      longTarget = records.get('linkpath') ?? longTarget;
      continue;
    }
    const prefix = text(header, 257, 5) === 'ustar' && header[262] === 0 ? text(header, 345, 155) : '';
    const name = longName ?? (prefix ? `${prefix}/${text(header, 0, 100)}` : text(header, 0, 100));
    const target = longTarget ?? text(header, 157, 100);
    longName = null;
    longTarget = null;
    const path = plain(name);
    const mode = Number.parseInt(text(header, 100, 8).trim() || '0', 8) & 0o7777;
    if (type === '0' || type === '1') {
      const data = type === '0' ? content : files.get(plain(target));
      if (!data) throw new Error(`${path} of the tar is a hard link to ${target}, which comes not before it`);
      files.set(path, data);
      entries.push({ kind: 'file', path, mode, content: data });
    } else if (type === '2') entries.push({ kind: 'link', path, target });
    else if (type === '5') entries.push({ kind: 'directory', path, mode });
    else if (type !== 'g') throw new Error(`${path} of the tar has the unknown type "${type}"`);
  }
  return entries;
}

function paxRecords(content: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < content.length; ) {
    const length = Number.parseInt(content.toString('latin1', at, at + 20), 10);
    if (!(length > 0)) break;
    const record = content.toString('utf8', at, at + length - 1);
    const [, key = '', value = ''] = /^\d+ ([^=]*)=([\s\S]*)$/.exec(record) ?? [];
    records.set(key, value);
    at += length;
  }
  return records;
}

const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;

function header(path: string, type: string, mode: number, size: number, mtime: number, target = ''): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(path, 0, 100, 'utf8');
  block.write(octal(mode, 8) + octal(0, 8) + octal(0, 8) + octal(size, 12) + octal(mtime, 12), 100, 'latin1');
  block.write(' '.repeat(8) + type, 148, 'latin1');
  block.write(target, 157, 100, 'utf8');
  block.write('ustar  \0', 257, 'latin1'); // GNU's, for its long names
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function padded(content: Buffer): readonly Buffer[] {
  const rest = content.length % BLOCK;
  return rest === 0 ? [content] : [content, Buffer.alloc(BLOCK - rest)];
}

/** A tar of entries in the order given, owned by 0:0. @param mtime Unix seconds, of every entry */
export function writeTar(entries: Iterable<TarEntry>, mtime: number): Buffer {
  const parts: Buffer[] = [];
  const long = (type: 'L' | 'K', value: string) => {
    const content = Buffer.from(`${value}\0`);
    if (content.length > 100)
      parts.push(header('././@LongLink', type, 0, content.length, 0), ...padded(content));
  };
  for (const entry of entries) {
    const path = entry.kind === 'directory' ? `${entry.path}/` : entry.path;
    if (entry.kind === 'link') long('K', entry.target);
    long('L', path);
    if (entry.kind === 'file') {
      parts.push(header(path, '0', entry.mode, entry.content.length, mtime), ...padded(entry.content));
    } else if (entry.kind === 'link') parts.push(header(path, '2', 0o777, 0, mtime, entry.target));
    else parts.push(header(path, '5', entry.mode, 0, mtime));
  }
  parts.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(parts);
}
