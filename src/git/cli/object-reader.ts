import { delimiter } from 'node:path';
import { keyedMutex } from '../../concurrency/keyed-mutex.ts';
import type { BlobContent, ObjectId } from '../objects.ts';
import { byteReader } from './byte-reader.ts';
import { type GitProgram, gitFailed } from './git-program.ts';

/** Reads objects through one long-lived process. */
export interface ObjectReader {
  /** Type and whole content; null when there is no such object. @param name any revision git understands */
  read(
    name: string,
  ): Promise<{ readonly id: ObjectId; readonly type: string; readonly content: Buffer } | null>;
  stream(ids: readonly ObjectId[], signal: AbortSignal): AsyncGenerator<BlobContent>;
  /** Lets objects of another repository be read too. @param directory absolute path of its objects */
  borrow(directory: string): Promise<void>;
  close(): Promise<void>;
}

/** So many names are sent ahead of what is read: enough to keep git busy, too few to fill a pipe both ways. */
const AHEAD = 200;

export function objectReader(git: GitProgram): ObjectReader {
  let running: ReturnType<typeof converse> | undefined;
  const borrowed = new Set<string>();
  const begin = () => converse(git, borrowed);
  const conversation = () => (running ??= begin());
  const turn = keyedMutex();

  return {
    read: (name) =>
      turn.run('cat-file', async () => {
        const { child, reader } = conversation();
        child.stdin.write(`${name}\n`);
        const header = await readHeader(git, child, reader);
        if (header === null) return null;
        const pieces: Buffer[] = [];
        for await (const piece of reader.bytes(header.size)) pieces.push(piece);
        await reader.line();
        return { id: header.id, type: header.type, content: Buffer.concat(pieces) };
      }),

    async *stream(ids, signal) {
      // A process of its own, since a reader that stops half-way leaves its output unread.
      const { child, reader } = begin();
      try {
        for (let sent = 0, got = 0; got < ids.length; got++) {
          signal.throwIfAborted();
          for (; sent < ids.length && sent < got + AHEAD; sent++) child.stdin.write(`${ids[sent]}\n`);
          const header = await readHeader(git, child, reader);
          if (header === null) throw gitFailed(git.workTree, ['cat-file'], `object ${ids[got]} is missing`);
          const chunks = reader.bytes(header.size);
          yield { size: header.size, chunks };
          for await (const _ of chunks) signal.throwIfAborted();
          await reader.line();
        }
      } finally {
        await end(child);
      }
    },

    borrow: (directory) =>
      turn.run('cat-file', async () => {
        if (borrowed.has(directory)) return;
        borrowed.add(directory);
        // A process looks for other repositories when it starts.
        if (running) await end(running.child);
        running = undefined;
      }),

    async close() {
      if (running) await end(running.child);
    },
  };
}

/** It only reads, so it may be killed in the middle of something slow. */
async function end(child: ReturnType<GitProgram['converse']>): Promise<void> {
  child.stdin.end();
  // Its promise waits for all of its output, of which nobody reads the rest.
  child.stdout.destroy();
  child.kill();
  await child;
}

function converse(git: GitProgram, borrowed: ReadonlySet<string>) {
  const alternates = [...borrowed].join(delimiter);
  const env = alternates === '' ? {} : { GIT_ALTERNATE_OBJECT_DIRECTORIES: alternates };
  const child = git.converse(['cat-file', '--batch'], env);
  return { child, reader: byteReader(child.stdout) };
}

async function readHeader(
  git: GitProgram,
  child: ReturnType<GitProgram['converse']>,
  reader: ReturnType<typeof byteReader>,
) {
  const line = await reader.line();
  if (line === null) throw gitFailed(git.workTree, ['cat-file'], await child.lastWords());
  if (line.endsWith(' missing') || line.endsWith(' ambiguous')) return null;
  const [id = '', type = '', size = ''] = line.split(' ');
  return { id: id as ObjectId, type, size: Number(size) };
}
