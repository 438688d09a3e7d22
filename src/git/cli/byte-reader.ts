import type { Readable } from 'node:stream';

/** Reads a stream by lines and by numbers of bytes, as slowly as its user does. */
export interface ByteReader {
  /** Up to the next line feed, without it; null at the end. */
  line(): Promise<string | null>;
  /** Exactly so many bytes in pieces. @throws when the stream ends before */
  bytes(count: number): AsyncGenerator<Buffer, void, undefined>;
  /** Everything up to the end. */
  rest(): Promise<Buffer>;
}

export function byteReader(stream: Readable): ByteReader {
  const source: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  let at = 0;
  const more = async (): Promise<boolean> => {
    const next = await source.next();
    if (next.done === true) return false;
    held = at === held.length ? next.value : Buffer.concat([held.subarray(at), next.value]);
    at = 0;
    return true;
  };
  return {
    async line() {
      for (;;) {
        const end = held.indexOf(0x0a, at);
        if (end >= 0) {
          const text = held.toString('utf8', at, end);
          at = end + 1;
          return text;
        }
        if (!(await more())) return null;
      }
    },
    async *bytes(count) {
      let left = count;
      while (left > 0) {
        if (held.length === at && !(await more())) throw new Error('the stream ended too early');
        const piece = held.subarray(at, at + left);
        at += piece.length;
        left -= piece.length;
        yield piece;
      }
    },
    async rest() {
      const pieces: Buffer[] = [held.subarray(at)];
      for (let next = await source.next(); next.done !== true; next = await source.next())
        pieces.push(next.value);
      [held, at] = [Buffer.alloc(0), 0];
      return Buffer.concat(pieces);
    },
  };
}
