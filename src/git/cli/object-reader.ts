import { delimiter } from 'node:path';
import { keyedMutex } from '../../concurrency/keyed-mutex.ts';
import type { BlobContent, ObjectId } from '../objects.ts';
import { byteReader } from './byte-reader.ts';
import { type GitProgram, gitFailed } from './git-program.ts';

/** What is known of an object without its content. */
export interface ObjectFacts {
  readonly id: ObjectId;
  /** blob, tree, commit or tag. */
  readonly type: string;
  /** Bytes. */
  readonly size: number;
}

/** Reads objects through one long-lived process, and asks for their facts through another one. */
export interface ObjectReader {
  /** Type and whole content; null when there is no such object. @param name any revision git understands */
  read(
    name: string,
  ): Promise<{ readonly id: ObjectId; readonly type: string; readonly content: Buffer } | null>;
  /** In the order asked; null where there is no such object. @param names any revisions git understands */
  facts(names: readonly string[]): Promise<readonly (ObjectFacts | null)[]>;
  stream(ids: readonly ObjectId[], signal: AbortSignal): AsyncGenerator<BlobContent>;
  /** Lets objects of another repository be read too. @param directory absolute path of its objects */
  borrow(directory: string): Promise<void>;
  close(): Promise<void>;
}

const COMMANDS = ['--batch', '--batch-check'] as const;
type Command = (typeof COMMANDS)[number];

/** So many names are sent at once, when as few are left unanswered: git stays busy, and a write serves for many. */
const SENT_AT_ONCE = 500;

export function objectReader(git: GitProgram): ObjectReader {
  const running = new Map<Command, ReturnType<typeof converse>>();
  const borrowed = new Set<string>();
  const begin = (command: Command) => converse(git, command, borrowed);
  const conversation = (command: Command) => {
    const known = running.get(command) ?? begin(command);
    running.set(command, known);
    return known;
  };
  const turn = keyedMutex();

  return {
    read: (name) =>
      turn.run('--batch', async () => {
        const { child, reader } = conversation('--batch');
        child.stdin.write(`${name}\n`);
        const header = await readHeader(git, child, reader);
        if (header === null) return null;
        const pieces: Buffer[] = [];
        for await (const piece of reader.bytes(header.size)) pieces.push(piece);
        await reader.line();
        return { id: header.id, type: header.type, content: Buffer.concat(pieces) };
      }),

    facts: (names) =>
      turn.run('--batch-check', async () => {
        if (names.length === 0) return [];
        const { child, reader } = conversation('--batch-check');
        child.stdin.write(`${names.join('\n')}\n`);
        const found: (ObjectFacts | null)[] = [];
        while (found.length < names.length) found.push(await readHeader(git, child, reader));
        return found;
      }),

    async *stream(ids, signal) {
      // A process of its own, since a reader that stops half-way leaves its output unread.
      const { child, reader } = begin('--batch');
      try {
        for (let sent = 0, got = 0; got < ids.length; got++) {
          signal.throwIfAborted();
          if (sent < ids.length && sent - got <= SENT_AT_ONCE) {
            const next = ids.slice(sent, sent + SENT_AT_ONCE);
            child.stdin.write(`${next.join('\n')}\n`);
            sent += next.length;
          }
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

    async borrow(directory) {
      if (borrowed.has(directory)) return;
      borrowed.add(directory);
      // A process looks for other repositories when it starts. All wait their turns from now on: what comes later sees it.
      const restarts = COMMANDS.map((command) =>
        turn.run(command, async () => {
          const known = running.get(command);
          running.delete(command);
          if (known) await end(known.child);
        }),
      );
      await Promise.all(restarts);
    },

    async close() {
      for (const { child } of running.values()) await end(child);
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

function converse(git: GitProgram, command: Command, borrowed: ReadonlySet<string>) {
  const alternates = [...borrowed].join(delimiter);
  const env = alternates === '' ? {} : { GIT_ALTERNATE_OBJECT_DIRECTORIES: alternates };
  const child = git.converse(['cat-file', command], env);
  return { child, reader: byteReader(child.stdout) };
}

async function readHeader(
  git: GitProgram,
  child: ReturnType<GitProgram['converse']>,
  reader: ReturnType<typeof byteReader>,
): Promise<ObjectFacts | null> {
  const line = await reader.line();
  if (line === null) throw gitFailed(git.workTree, ['cat-file'], await child.lastWords());
  if (line.endsWith(' missing') || line.endsWith(' ambiguous')) return null;
  const [id = '', type = '', size = ''] = line.split(' ');
  return { id: id as ObjectId, type, size: Number(size) };
}
