import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { Writable } from 'node:stream';

/** A socket that gives one reader what `write` puts into it. */
export interface ContextSocket {
  readonly path: string;
  /** Rejects when writing failed; never fulfils, so that it can be raced against the reader. */
  readonly failure: Promise<never>;
  close(): Promise<void>;
}

/** @param path below 100 bytes, as sockets demand; must not exist */
export async function contextSocket(
  path: string,
  write: (sink: Writable, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<ContextSocket> {
  const stop = new AbortController();
  const joined = AbortSignal.any([signal, stop.signal]);
  let fail: (error: unknown) => void = () => undefined;
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failure.catch(() => undefined);
  let connected: Socket | undefined;
  const server = createServer((socket) => {
    server.close();
    connected = socket;
    // A reader that goes away says why itself; the write then fails too and must not hide its reason.
    socket.on('error', () => stop.abort());
    write(socket, joined).catch((error: unknown) => {
      socket.destroy();
      if (!joined.aborted) fail(error);
    });
  });
  await listening(server, path);
  return {
    path,
    failure,
    async close() {
      stop.abort();
      connected?.destroy();
      server.close();
      await rm(path, { force: true });
    },
  };
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}
