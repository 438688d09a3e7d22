import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { contextSocket } from '../../src/engine/buildah/context-socket.ts';
import type { BuildSource } from '../../src/engine/engine.ts';
import type { BlobContent, ObjectId } from '../../src/git/objects.ts';
import { type ArchiveFile, writeTar } from '../../src/git/tar-archive.ts';
import { temporaryDirectory } from '../helper/scripted.ts';

const never = new AbortController().signal;

async function socketPath(): Promise<string> {
  return join(await temporaryDirectory(), 'context.sock');
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket)).on('error', reject);
  });
}

/** Somebody who has asked for a part. */
async function reader(path: string, asked = 'all'): Promise<Socket> {
  const socket = await connected(path);
  socket.write(`${asked}\n`);
  return socket;
}

/** A context of three needs that writes the same for each. */
function source(write: (sink: Writable, signal: AbortSignal) => Promise<void>): BuildSource {
  return { checksums: ['one', 'two', 'three'], write: (_, sink, signal) => write(sink, signal) };
}

/** Tells which part was asked for. */
const ECHO: BuildSource = {
  checksums: ['one', 'two', 'three'],
  write: async (part, sink) => void sink.end(`part ${part}`),
};

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
    const socket = await contextSocket(path, source(archiving(-1)), never);
    const text = await readAll(await reader(path));
    expect(text.length).toBeGreaterThan(50 * 100_000);
    await socket.close();
  });

  it('fails with the reason of git, not with that of the broken socket', async () => {
    const path = await socketPath();
    const socket = await contextSocket(path, source(archiving(20)), never);
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
    const socket = await contextSocket(path, source(write), never);
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
    const socket = await contextSocket(
      path,
      source(async (sink) => void sink.end(text)),
      never,
    );
    expect(await readAll(await reader(path))).toBe(text);
    await socket.close();
    expect(existsSync(path)).toBe(false);
  });

  it('gives each reader the part it asks for, one after another and at once', async () => {
    const path = await socketPath();
    const socket = await contextSocket(path, ECHO, never);
    expect(await readAll(await reader(path, '1'))).toBe('part 1');
    const asked = ['0', 'all', '2', '0'];
    const got = await Promise.all(asked.map(async (part) => readAll(await reader(path, part))));
    expect(got).toEqual(asked.map((part) => `part ${part}`));
    await socket.close();
  });

  it('serves a reader that closes its own side behind its request', async () => {
    const path = await socketPath();
    const socket = await contextSocket(path, ECHO, never);
    const open = await connected(path);
    open.end('2\n');
    expect(await readAll(open)).toBe('part 2');
    await socket.close();
  });

  it.each(['3', '-1', '01', 'some', 'x'.repeat(100)])('fails when it is asked for %s', async (part) => {
    const path = await socketPath();
    const socket = await contextSocket(path, ECHO, never);
    (await reader(path, part)).on('error', () => undefined);
    await expect(socket.failure).rejects.toThrow(`asked for part "${part}"`);
    await socket.close();
  });

  it('goes on serving others when a reader leaves without asking, or in the middle', async () => {
    const path = await socketPath();
    const write = async (sink: Writable, signal: AbortSignal) => {
      if (first) {
        first = false;
        await endless(sink, signal);
      } else sink.end('whole');
    };
    let first = true;
    const socket = await contextSocket(path, source(write), never);
    (await connected(path)).end();
    const leaving = await reader(path);
    await new Promise((resolve) => leaving.once('data', resolve));
    leaving.destroy();
    expect(await readAll(await reader(path))).toBe('whole');
    expect(await Promise.race([socket.failure.catch(() => 'failed'), sleep(50, 'silent')])).toBe('silent');
    await socket.close();
  });

  it('stops all its writers when it is closed', async () => {
    const path = await socketPath();
    let running = 0;
    const write = async (sink: Writable, signal: AbortSignal) => {
      running++;
      await endless(sink, signal).finally(() => running--);
    };
    const socket = await contextSocket(path, source(write), never);
    for (const part of ['0', '1']) (await reader(path, part)).on('error', () => undefined);
    await expect.poll(() => running).toBe(2);
    await socket.close();
    expect(running).toBe(0);
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
    const socket = await contextSocket(path, source(write), never);
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
    const socket = await contextSocket(path, source(write), never);
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
    const socket = await contextSocket(path, source(write), never);
    await reader(path);
    await sleep(20);
    await socket.close();
    expect(ended).toBe(true);
    expect(existsSync(path)).toBe(false);
  });

  it('is removed also when nobody came', async () => {
    const path = await socketPath();
    const socket = await contextSocket(path, source(endless), never);
    await socket.close();
    expect(existsSync(path)).toBe(false);
  });
});
