import { type ChildProcess, spawn } from 'node:child_process';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { UserError } from '../diagnostics/user-error.ts';
import { engineFailure } from './engine-failure.ts';
import { type EngineLog, engineLog } from './engine-log.ts';
import type { Answers, Operation, Params, Progress, Result, Settings } from './protocol.ts';

/** Must equal PROTOCOL_VERSION of the schema, which is not loaded at run time; a test holds them together. */
export const SPOKEN_PROTOCOL = 1;
/** Time a closed engine has to stop what runs in it, milliseconds. */
const GRACE = 10_000;

export interface EngineStart {
  /** Absolute path of the program. */
  readonly program: string;
  /** With access to the store, so inside the user namespace. */
  readonly store: boolean;
  readonly version: string;
  readonly settings: Settings;
  readonly env: Readonly<Record<string, string | undefined>>;
  onLog(line: string): void;
}

export interface CallOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** One running engine. Every call ends: with a result, a failure, or the news that the engine is dead. */
export interface EngineProcess {
  call<O extends Operation>(operation: O, params: Params<O>, options: CallOptions): Promise<Result<O>>;
  /** Answers the engine's questions from now on, until the returned function is called. */
  answer(answers: Answers): () => void;
  /** Ends the process and waits for its end. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts an engine and compares versions. @throws UserError ENGINE_VERSION, ENGINE_DIED */
export async function startEngine(start: EngineStart): Promise<EngineProcess> {
  const { createMessageConnection, StreamMessageReader, StreamMessageWriter, CancellationTokenSource } =
    await import('vscode-jsonrpc/node');
  // A group of its own: Ctrl-C on the terminal is for the command, which then stops the engine politely.
  const child = spawn(start.program, ['serve', ...(start.store ? ['--store'] : [])], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: start.env,
  });
  const log = engineLog(child.stderr, start.onLog);
  const death = deathOf(child, log);
  const connection = createMessageConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin),
  );
  connection.onError(() => undefined);
  child.stdin.on('error', () => undefined);
  const listeners = progressListeners(connection);
  connection.listen();

  const call: EngineProcess['call'] = async (operation, params, { signal, onProgress }) => {
    signal.throwIfAborted();
    const source = new CancellationTokenSource();
    const cancel = () => source.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    const forget =
      'token' in params && onProgress ? listeners.add(params.token, onProgress) : () => undefined;
    const answered = connection.sendRequest<Result<typeof operation>>(operation, params, source.token);
    try {
      return await Promise.race([answered, death]);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw asUserError(error);
    } finally {
      answered.catch(() => undefined);
      signal.removeEventListener('abort', cancel);
      forget();
      source.dispose();
    }
  };

  const engine = { call, answer: answering(connection), close: closing(child, connection) };
  try {
    await greet(engine, start);
    return engine;
  } catch (error) {
    await engine.close();
    throw error;
  }
}

async function greet({ call }: Pick<EngineProcess, 'call'>, { version, settings, program }: EngineStart) {
  const hello = { protocol: SPOKEN_PROTOCOL, version, settings };
  const welcome = await call('hello', hello, { signal: AbortSignal.timeout(GRACE) });
  if (welcome.version === version && welcome.protocol === SPOKEN_PROTOCOL) return;
  throw new UserError(
    'ENGINE_VERSION',
    `${program} is of version ${welcome.version}, slipway of ${version}`,
    {
      hint: 'install both in the same version, or build both from one checkout (scripts/setup)',
    },
  );
}

/** Fails once the process has ended; never fulfils. */
function deathOf(child: ChildProcess, log: EngineLog): Promise<never> {
  const death = new Promise<never>((_, reject) => {
    child.once('error', (cause) => {
      reject(
        new UserError('ENGINE_DIED', `slipway-engine could not be started: ${cause.message}`, { cause }),
      );
    });
    child.once('close', (code, signal) => {
      const how = signal === null ? `exit status ${code}` : `signal ${signal}`;
      const message = `slipway-engine ended unexpectedly (${how})`;
      reject(new UserError('ENGINE_DIED', message, { tail: log.lines() }));
    });
  });
  death.catch(() => undefined);
  return death;
}

function progressListeners(connection: MessageConnection) {
  const byToken = new Map<string, (progress: Progress) => void>();
  connection.onNotification('$/progress', (progress: Progress) => byToken.get(progress.token)?.(progress));
  return {
    add(token: string, listener: (progress: Progress) => void): () => void {
      byToken.set(token, listener);
      return () => byToken.delete(token);
    },
  };
}

function answering(connection: MessageConnection): EngineProcess['answer'] {
  return (answers) => {
    const registered = Object.entries(answers).map(([question, answer]) =>
      // Each answer takes what its question sends: the schema of both sides says so.
      connection.onRequest(question, answer as (params: unknown) => Promise<unknown>),
    );
    return () => {
      for (const one of registered) one.dispose();
    };
  };
}

function closing(child: ChildProcess, connection: MessageConnection): () => Promise<void> {
  const ended = new Promise<void>((resolve) => {
    child.once('close', resolve);
    child.once('error', () => resolve());
  });
  let closed: Promise<void> | undefined;
  const close = async () => {
    child.stdin?.end();
    const terminate = setTimeout(() => child.kill('SIGTERM'), GRACE);
    const kill = setTimeout(() => child.kill('SIGKILL'), 2 * GRACE);
    await ended;
    clearTimeout(terminate);
    clearTimeout(kill);
    connection.dispose();
  };
  return () => {
    closed ??= close();
    return closed;
  };
}

function asUserError(error: unknown): unknown {
  if (error instanceof UserError || !(error instanceof Error)) return error;
  return engineFailure(error.message, 'data' in error ? error.data : undefined);
}
