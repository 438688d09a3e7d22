import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { Writable } from 'node:stream';

/** A socket that gives one reader what `write` puts into it. */
export interface ContextSocket {
  readonly path: string;
  /** Rejects when writing failed; never fulfils, so that it can be raced against the reader. */
  readonly failure: Promise<never>;
  /** Stops the writer, waits for it and removes the socket. */
  close(): Promise<void>;
}

/**
 * A reader that goes away tells its own reason elsewhere: that is no failure of the writer.
 * @param path below 100 bytes, as sockets demand; must not exist
 * @param write ends the sink when all is written; stops when its signal is aborted
 */
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
  const give = async (socket: Socket) => {
    const reader = { gone: false };
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      reader.gone ||= code === 'EPIPE' || code === 'ECONNRESET';
    });
    // A writer that waits for a lost reader to take more would wait for ever.
    socket.on('close', () => stop.abort());
    try {
      await write(socket, joined);
    } catch (error) {
      socket.destroy();
      if (!signal.aborted && !reader.gone && !isAbort(error)) fail(error);
    }
  };
  let connected: { readonly socket: Socket; readonly given: Promise<void> } | undefined;
  const server = createServer((socket) => {
    server.close();
    connected = { socket, given: give(socket) };
  });
  await listening(server, path);
  return {
    path,
    failure,
    async close() {
      stop.abort();
      server.close();
      connected?.socket.destroy();
      await connected?.given;
      await rm(path, { force: true });
    },
  };
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}
