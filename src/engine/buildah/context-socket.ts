import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { BuildSource } from '../engine.ts';
import { requestedPart, requestLine } from './context-request.ts';

/** A socket that gives each reader the part of the context that it asks for. */
export interface ContextSocket {
  readonly path: string;
  /** Rejects when writing failed; never fulfils, so that it can be raced against the readers. */
  readonly failure: Promise<never>;
  /** Stops the writers, waits for them and removes the socket. */
  close(): Promise<void>;
}

/**
 * Readers come one after another or at once. Each sends one line, the number of a need or `all`, and gets a tar, whose
 * end is that of the connection. A reader that goes away tells its own reason elsewhere: that is no failure of the writer.
 * @param path below 100 bytes, as sockets demand; must not exist
 */
export async function contextSocket(
  path: string,
  source: BuildSource,
  signal: AbortSignal,
): Promise<ContextSocket> {
  const stop = new AbortController();
  const joined = AbortSignal.any([signal, stop.signal]);
  let fail: (error: unknown) => void = () => undefined;
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failure.catch(() => undefined);
  const served: { readonly socket: Socket; readonly given: Promise<void> }[] = [];
  // Whoever asks may close its own side at once; it still gets what it asked for.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const given = serve(socket, source, joined).catch((error: unknown) => {
      if (!joined.aborted) fail(error);
    });
    served.push({ socket, given });
  });
  await listening(server, path);
  return {
    path,
    failure,
    async close() {
      stop.abort();
      server.close();
      for (const { socket } of served) socket.destroy();
      await Promise.all(served.map(({ given }) => given));
      await rm(path, { force: true });
    },
  };
}

/** @throws what the writer throws, unless its reader was gone by then */
async function serve(socket: Socket, source: BuildSource, signal: AbortSignal): Promise<void> {
  const lost = new AbortController();
  let gone = false;
  socket.on('error', ({ code }: NodeJS.ErrnoException) => {
    gone ||= code === 'EPIPE' || code === 'ECONNRESET';
  });
  // A writer that waits for a lost reader to take more would wait for ever.
  socket.on('close', () => lost.abort());
  try {
    const line = await requestLine(socket);
    if (line === null) return void socket.destroy();
    const part = requestedPart(line, source.checksums.length);
    if (part === null) throw new Error(`the engine asked for part "${line}" of the build context`);
    await source.write(part, socket, AbortSignal.any([signal, lost.signal]));
  } catch (error) {
    socket.destroy();
    if (!gone && !isAbort(error)) throw error;
  }
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
