import { setMaxListeners } from 'node:events';
import type {
  CancellationToken,
  Message,
  MessageConnection,
  MessageReader,
  NotificationMessage,
} from 'vscode-jsonrpc/node';
import { UserError } from '../diagnostics/user-error.ts';
import { type EngineChild, startChild } from './engine-child.ts';
import { engineFailure } from './engine-failure.ts';
import { greetEngine } from './greet-engine.ts';
import type { Answers, Operation, Params, Progress, Result, Settings } from './protocol.ts';

/** Time for an answer to the greeting, for a cancelled call to end, and for a closed engine to go; milliseconds. */
const GRACE = 10_000;

export interface EngineStart {
  /** Absolute path of the program. */
  readonly program: string;
  /** With access to the store, so inside the user namespace. */
  readonly store: boolean;
  readonly version: string;
  readonly settings: Settings;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds; 10 seconds when left out. */
  readonly grace?: number;
  /** Hides secrets in a line of the engine's log. */
  mask(line: string): string;
  /** Gets every line of the engine's log, masked. */
  onLog(line: string): void;
}

export interface CallOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** One running engine. Every call ends: with a result, a failure, or the news that the engine is dead. */
export interface EngineProcess {
  /**
   * An aborted call is cancelled in the engine and waited for; an engine that does not let go of it is ended.
   * @throws the signal's reason when aborted; UserError with the engine's own code; UserError ENGINE_DIED
   */
  call<O extends Operation>(operation: O, params: Params<O>, options: CallOptions): Promise<Result<O>>;
  /** Answers the engine's questions from now on, until the returned function is called. */
  answer(answers: Answers): () => void;
  /** Ends the process and waits for its end. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts an engine and compares versions. @throws UserError ENGINE_VERSION, ENGINE_DIED, ENGINE_SILENT */
export async function startEngine(start: EngineStart): Promise<EngineProcess> {
  const { program, version, settings, env, mask, onLog, grace = GRACE } = start;
  // The process comes up while the library is read.
  const args = ['serve', ...(start.store ? ['--store'] : [])];
  const child = startChild({ program, args, env, grace, mask, onLog });
  const rpc = await import('vscode-jsonrpc/node');
  const listeners = progressListeners();
  const connection = rpc.createMessageConnection(
    withoutProgress(new rpc.StreamMessageReader(child.stdout), listeners.tell),
    new rpc.StreamMessageWriter(child.stdin),
  );
  // What cannot be read or written ends the process, and its end fails all that wait.
  connection.onError(([error]) => void child.stop(`what it wrote is no message (${error.message})`));
  connection.onClose(() => void endIfAlive(child, grace));
  const call = calling({ connection, child, listeners, grace }, rpc);
  const answer = answering(connection, rpc);
  const close = async () => {
    await child.stop('it was closed');
    connection.dispose();
  };
  connection.listen();
  try {
    const never = new AbortController().signal;
    const hello = (params: Params<'hello'>) => call('hello', params, { signal: never });
    await greetEngine(hello, { program, version, settings, patience: grace });
    return { call, answer, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Rpc = Pick<typeof import('vscode-jsonrpc/node'), 'CancellationTokenSource' | 'ResponseError'>;

interface Line {
  readonly connection: MessageConnection;
  readonly child: EngineChild;
  readonly listeners: ReturnType<typeof progressListeners>;
  readonly grace: number;
}

function calling(
  { connection, child, listeners, grace }: Line,
  { CancellationTokenSource, ResponseError }: Rpc,
): EngineProcess['call'] {
  const send = async <O extends Operation>(operation: O, params: Params<O>, token: CancellationToken) => {
    try {
      return await connection.sendRequest<Result<O>>(operation, params, token);
    } catch (error) {
      if (error instanceof ResponseError && !isConnectionLoss(error.code))
        throw engineFailure(error.message, error.data);
      // Nothing was answered: the pipe is broken or closed. The end of the process says why.
      await endIfAlive(child, grace);
      return child.death;
    }
  };
  return async (operation, params, { signal, onProgress }) => {
    signal.throwIfAborted();
    // A run has one signal and any number of calls that wait: that is no leak.
    setMaxListeners(0, signal);
    const source = new CancellationTokenSource();
    let stubborn: NodeJS.Timeout | undefined;
    const cancel = () => {
      source.cancel();
      stubborn = setTimeout(() => void child.stop('it did not end a cancelled call'), grace);
    };
    signal.addEventListener('abort', cancel, { once: true });
    const forget =
      'token' in params && onProgress ? listeners.add(params.token, onProgress) : () => undefined;
    const answered = send(operation, params, source.token);
    try {
      return await Promise.race([answered, child.death]);
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      answered.catch(() => undefined);
      clearTimeout(stubborn);
      signal.removeEventListener('abort', cancel);
      forget();
      source.dispose();
    }
  };
}

/** A closed pipe mostly means that the process is ending, for a reason of its own that should be told. */
async function endIfAlive(child: EngineChild, grace: number): Promise<void> {
  const late = setTimeout(() => void child.stop('it closed its output'), grace / 10);
  await child.death.catch(() => undefined);
  clearTimeout(late);
}

/** Codes that the library itself gives to calls that were not answered. */
function isConnectionLoss(code: number): boolean {
  return code >= -32099 && code <= -32096;
}

function progressListeners() {
  const byToken = new Map<string, (progress: Progress) => void>();
  return {
    tell: (progress: Progress) => byToken.get(progress.token)?.(progress),
    add(token: string, listener: (progress: Progress) => void): () => void {
      byToken.set(token, listener);
      return () => byToken.delete(token);
    },
  };
}

/**
 * What commands print comes as fast as the engine writes it. The connection would read all of it and let it wait, one
 * message per turn; told at once, it is read no faster than it is shown.
 */
function withoutProgress(reader: MessageReader, tell: (progress: Progress) => void): MessageReader {
  return {
    onError: reader.onError,
    onClose: reader.onClose,
    onPartialMessage: reader.onPartialMessage,
    dispose: () => reader.dispose(),
    listen: (callback) =>
      reader.listen((message) => {
        if (isProgress(message)) tell(message.params as Progress);
        else callback(message);
      }),
  };
}

function isProgress(message: Message): message is NotificationMessage {
  return (message as NotificationMessage).method === '$/progress';
}

/** Not understood by the engine otherwise than as "no": the caller knows why. */
const REFUSED = -32803;

function answering(connection: MessageConnection, { ResponseError }: Rpc): EngineProcess['answer'] {
  return (answers) => {
    const registered = Object.entries(answers).map(([question, answer]) =>
      connection.onRequest(question, async (params: unknown) => {
        try {
          // Each answer takes what its question sends: the schema of both sides says so.
          return await (answer as (params: unknown) => Promise<unknown>)(params);
        } catch (error) {
          const code = error instanceof UserError ? error.code : 'INTERNAL';
          const message = error instanceof Error ? error.message : String(error);
          throw new ResponseError(REFUSED, message, { code });
        }
      }),
    );
    return () => {
      for (const one of registered) one.dispose();
    };
  };
}
