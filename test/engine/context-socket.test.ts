import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { contextSocket } from '../../src/engine/buildah/context-socket.ts';
import type { BlobContent, ObjectId } from '../../src/git/objects.ts';
import { type ArchiveFile, writeTar } from '../../src/git/tar-archive.ts';
import { temporaryDirectory } from '../helper/scripted.ts';

const never = new AbortController().signal;

async function socketPath(): Promise<string> {
  return join(await temporaryDirectory(), 'context.sock');
}

function reader(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket)).on('error', reject);
  });
}

async function readAll(socket: Socket): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

/** Writes until the signal stops it. */
async function endless(sink: Writable, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (!sink.write(Buffer.alloc(65536))) {
      await new Promise<void>((resolve) => {
        sink.once('drain', resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }
  signal.throwIfAborted();
}

const FILES: readonly ArchiveFile[] = Array.from({ length: 50 }, (_, i) => ({
  path: `dir/${i}`,
  mode: '100644',
  source: 'git',
  id: `${i}` as ObjectId,
}));

/** Objects of 100 kB; at `broken` git fails. */
function archiving(broken: number) {
  return async (sink: Writable, signal: AbortSignal) => {
    async function* blobs(ids: Iterable<ObjectId>): AsyncGenerator<BlobContent> {
      for (const id of ids) {
        if (Number(id) === broken) throw new Error('git is broken');
        yield { size: 100_000, chunks: Readable.from([Buffer.alloc(100_000)]) };
      }
    }
    await writeTar(FILES, sink, {
      commits: { blobs: (ids) => blobs(ids) },
      largeFiles: { content: async () => null },
      onPointer: () => undefined,
      date: 0,
      signal,
    });
  };
}

describe('a context written from git', () => {
  it('arrives as a whole', async () => {
    const path = await socketPath();
    const socket = await contextSocket(path, archiving(-1), never);
    const text = await readAll(await reader(path));
    expect(text.length).toBeGreaterThan(50 * 100_000);
    await socket.close();
  });

  it('fails with the reason of git, not with that of the broken socket', async () => {
    const path = await socketPath();
    const socket = await contextSocket(path, archiving(20), never);
    const open = await reader(path);
    open.on('error', () => undefined).resume();
    await expect(socket.failure).rejects.toThrow('git is broken');
    await socket.close();
  });

  it('ends when the reader goes away in the middle', async () => {
    const path = await socketPath();
    let ended = false;
    const write = async (sink: Writable, signal: AbortSignal) => {
      await archiving(-1)(sink, signal).finally(() => {
        ended = true;
      });
    };
    const socket = await contextSocket(path, write, never);
    const open = await reader(path);
    open.once('data', () => open.destroy());
    expect(await Promise.race([socket.failure.catch((error) => error), sleep(200, 'silent')])).toBe('silent');
    expect(ended).toBe(true);
    await socket.close();
  });
});

describe('the socket of a context', () => {
  it('gives its reader everything, and is gone afterwards', async () => {
    const path = await socketPath();
    const text = 'x'.repeat(1_000_000);
    const socket = await contextSocket(path, async (sink) => void sink.end(text), never);
    expect(await readAll(await reader(path))).toBe(text);
    await socket.close();
    expect(existsSync(path)).toBe(false);
  });

  it('serves one reader only', async () => {
    const path = await socketPath();
    const socket = await contextSocket(path, endless, never);
    const first = await reader(path);
    await sleep(20);
    await expect(reader(path)).rejects.toThrow(/ECONNREFUSED|ENOENT/);
    first.destroy();
    await socket.close();
  });

  it.each([0, 30])('tells why writing failed, after %s ms', async (wait) => {
    const path = await socketPath();
    const write = async (sink: Writable) => {
      sink.write('some');
      await sleep(wait);
      sink.destroy(new Error('git is broken'));
      await sleep(wait);
      throw new Error('git is broken');
    };
    const socket = await contextSocket(path, write, never);
    const open = await reader(path);
    open.resume();
    await expect(socket.failure).rejects.toThrow('git is broken');
    await socket.close();
  });

  it('stops writing when its reader goes away, and leaves it to the reader to say why', async () => {
    const path = await socketPath();
    let stopped = false;
    const write = async (sink: Writable, signal: AbortSignal) => {
      await endless(sink, signal).finally(() => {
        stopped = true;
      });
    };
    const socket = await contextSocket(path, write, never);
    const open = await reader(path);
    await sleep(20);
    open.destroy();
    expect(await Promise.race([socket.failure.catch(() => 'failed'), sleep(100, 'silent')])).toBe('silent');
    expect(stopped).toBe(true);
    await socket.close();
  });

  it('waits for its writer when it is closed', async () => {
    const path = await socketPath();
    let ended = false;
    const write = async (_: Writable, signal: AbortSignal) => {
      await sleep(10_000, undefined, { signal }).catch(() => undefined);
      await sleep(20);
      ended = true;
    };
    const socket = await contextSocket(path, write, never);
    await reader(path);
    await sleep(20);
    await socket.close();
    expect(ended).toBe(true);
    expect(existsSync(path)).toBe(false);
  });

  it('is removed also when nobody came', async () => {
    const path = await socketPath();
    const socket = await contextSocket(path, endless, never);
    await socket.close();
    expect(existsSync(path)).toBe(false);
  });
});
