import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type {
  LinkedTerminal,
  TakenTerminal,
  TerminalLink,
  TerminalLinks,
  TerminalSize,
  UserTerminal,
} from '../terminal-link.ts';

export interface TerminalRelayParts {
  /** null: there is none. */
  readonly terminal: UserTerminal | null;
  /** A path for a socket, below 100 bytes, where nothing is. */
  readonly socketPath: () => Promise<string>;
  /** Tells the command how large its terminal is now. */
  readonly resize: (socket: string, size: TerminalSize, signal: AbortSignal) => Promise<void>;
  /** Told before the terminal is taken and after it was given back. */
  readonly onTaken: (taken: boolean) => void;
}

/** Relays between the terminal that the user sits at and a socket. */
export function terminalRelay(parts: TerminalRelayParts): TerminalLinks {
  const { terminal } = parts;
  return {
    present: terminal !== null,
    async open(greeting, signal) {
      if (terminal === null) throw new Error('there is no terminal to open');
      return await openLink({ ...parts, terminal }, greeting, signal);
    },
  };
}

async function openLink(
  { terminal, socketPath, resize, onTaken }: TerminalRelayParts & { readonly terminal: UserTerminal },
  greeting: readonly string[],
  signal: AbortSignal,
): Promise<TerminalLink> {
  const path = await socketPath();
  const linked: LinkedTerminal = { socket: path, term: terminal.term, ...terminal.size() };
  let connection: { readonly socket: Socket; readonly closed: Promise<void> } | undefined;
  let taken: TakenTerminal | undefined;
  const giveBack = () => {
    if (!taken) return;
    taken.release();
    taken = undefined;
    onTaken(false);
  };
  const tellSize = () => {
    // Who is too late finds no terminal any more, which is no failure.
    resize(path, terminal.size(), signal).catch(() => undefined);
  };
  const server = createServer((socket) => {
    server.close();
    const closed = new Promise<void>((resolve) => {
      socket.once('close', () => {
        giveBack();
        resolve();
      });
    });
    connection = { socket, closed };
    // What breaks it ends it as well.
    socket.on('error', () => undefined);
    onTaken(true);
    taken = terminal.take({ keys: (bytes) => socket.write(bytes), resized: tellSize });
    for (const line of greeting) taken.write(`${line}\r\n`);
    socket.on('data', (bytes) => taken?.write(bytes));
    tellSize();
  });
  await listening(server, path);
  return {
    terminal: linked,
    async close() {
      server.close();
      // The other side closes its end when nothing runs any more; a command that ended has done so.
      connection?.socket.end();
      await connection?.closed;
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
