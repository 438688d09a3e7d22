import { extract } from 'tar-stream';

export interface TarFile {
  readonly name: string;
  readonly type: string;
  /** Octal digits. */
  readonly mode: string;
  readonly owner: string;
  /** Unix seconds. */
  readonly date: number;
  /** Of a link. */
  readonly target: string | null;
  readonly content: Buffer;
}

/** Reads a whole archive. */
export async function readTar(archive: Buffer): Promise<readonly TarFile[]> {
  const found: TarFile[] = [];
  const reader = extract();
  reader.on('entry', ({ name, mode, mtime, uid, gid, type, linkname }, stream, next) => {
    const pieces: Buffer[] = [];
    stream.on('data', (piece) => pieces.push(piece as Buffer));
    stream.on('end', () => {
      found.push({
        name,
        type: String(type),
        mode: (mode ?? 0).toString(8),
        owner: `${uid}:${gid}`,
        date: (mtime?.getTime() ?? 0) / 1000,
        target: linkname ?? null,
        content: Buffer.concat(pieces),
      });
      next();
    });
  });
  const read = new Promise<void>((resolve, reject) => reader.on('finish', resolve).on('error', reject));
  reader.end(archive);
  await read;
  return found;
}
