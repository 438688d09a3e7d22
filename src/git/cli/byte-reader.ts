import type { Readable } from 'node:stream';

/** Reads a stream by lines and by numbers of bytes, as slowly as its user does. */
export interface ByteReader {
  /** Up to the next line feed, without it; null at the end. */
  line(): Promise<string | null>;
  /** Exactly so many bytes in pieces. @throws when the stream ends before */
  bytes(count: number): AsyncGenerator<Buffer, void, undefined>;
}

export function byteReader(stream: Readable): ByteReader {
  const source: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  const more = async (): Promise<boolean> => {
    const next = await source.next();
    if (next.done === true) return false;
    held = held.length === 0 ? next.value : Buffer.concat([held, next.value]);
    return true;
  };
  const take = (count: number): Buffer => {
    const taken = held.subarray(0, count);
    held = held.subarray(count);
    return taken;
  };
  return {
    async line() {
      for (;;) {
        const end = held.indexOf(0x0a);
        if (end >= 0) return take(end + 1).toString('utf8', 0, end);
        if (!(await more())) return null;
      }
    },
    async *bytes(count) {
      let left = count;
      while (left > 0) {
        if (held.length === 0 && !(await more())) throw new Error('the stream ended too early');
        const piece = take(Math.min(left, held.length));
        left -= piece.length;
        yield piece;
      }
    },
  };
}
