import { once as event } from 'node:events';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { BlobContent } from './objects.ts';
import { TAR_END, type TarEntry, tarHeader, tarPadding } from './tar-header.ts';

/** Writes a tar piece by piece, as slowly as its reader takes it: many small files in few large writes. */
export interface TarWriter {
  directory(path: string): Promise<void>;
  link(path: string, target: string): Promise<void>;
  /** @throws when the content is of another size than it says */
  file(path: string, mode: number, content: BlobContent): Promise<void>;
  /** Ends the archive and the stream, and waits until everything is taken. */
  end(): Promise<void>;
  /** Gives up: the reader must not take what it has for an archive. */
  abandon(error: unknown): void;
}

export interface TarWriterOptions {
  /** Unix seconds: the date of every entry. */
  readonly date: number;
  readonly signal: AbortSignal;
}

/** So many bytes are gathered before they are written. */
const BATCH = 256 * 1024;

export function tarWriter(sink: Writable, { date, signal }: TarWriterOptions): TarWriter {
  let [batch, filled] = [Buffer.allocUnsafe(BATCH), 0];
  const broken = new AbortController();
  const ended = finished(sink, { signal, readable: false }).catch((error: unknown) => {
    broken.abort(isGone(error) ? new DOMException('nobody reads the archive any more', 'AbortError') : error);
    throw broken.signal.reason;
  });
  // What breaks is thrown by the writing; as an event alone it would end the whole program.
  ended.catch(() => undefined);
  sink.on('error', () => undefined);

  const flush = async () => {
    broken.signal.throwIfAborted();
    if (filled === 0) return;
    const isTaken = sink.write(batch.subarray(0, filled));
    [batch, filled] = [Buffer.allocUnsafe(BATCH), 0];
    if (isTaken) return;
    await event(sink, 'drain', { signal: broken.signal }).catch(() => {
      throw broken.signal.reason;
    });
  };
  const put = async (bytes: Buffer) => {
    for (let from = 0; from < bytes.length; ) {
      if (filled === BATCH) await flush();
      const copied = bytes.copy(batch, filled, from);
      from += copied;
      filled += copied;
    }
  };
  const header = (entry: Pick<TarEntry, 'path' | 'type' | 'mode'> & Partial<TarEntry>) =>
    put(tarHeader({ size: 0, target: '', date, ...entry }));

  return {
    directory: (path) => header({ path, type: 'directory', mode: 0o755 }),
    link: (path, target) => header({ path, type: 'link', mode: 0o777, target }),
    async file(path, mode, { size, chunks }) {
      await header({ path, type: 'file', mode, size });
      let written = 0;
      for await (const piece of chunks) {
        written += piece.length;
        await put(piece);
      }
      if (written !== size) throw new Error(`${path} has ${written} bytes instead of ${size}`);
      await put(tarPadding(size));
    },
    async end() {
      await put(TAR_END);
      await flush();
      sink.end();
      await ended;
    },
    abandon(error) {
      if (!sink.destroyed) sink.destroy(error instanceof Error ? error : new Error(String(error)));
    },
  };
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}
