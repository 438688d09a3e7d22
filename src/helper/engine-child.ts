import { type ChildProcess, spawn } from 'node:child_process';
import { kill } from 'node:process';
import type { Readable, Writable } from 'node:stream';
import { UserError } from '../diagnostics/user-error.ts';
import { engineLog } from './engine-log.ts';

export interface ChildStart {
  /** Absolute path of the program. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds between closing the input, SIGTERM and SIGKILL; also for children that outlive it. */
  readonly grace: number;
  /** Hides secrets in a line of the log. */
  mask(line: string): string;
  /** Gets every line of the log, masked. */
  onLog(line: string): void;
}

/** A child process that is spoken to over its pipes. */
export interface EngineChild {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Rejects with UserError ENGINE_DIED once the process has ended; never fulfils. */
  readonly death: Promise<never>;
  /**
   * Closes its input, waits, insists. Fulfils once it has ended; safe to call twice.
   * @param why for those still waiting: slipway-engine was stopped: …
   */
  stop(why: string): Promise<void>;
}

/**
 * Starts the program in a process group of its own: Ctrl-C on a terminal is for the command, which then stops the
 * engine politely. When the command dies, its end of the pipe closes, and that ends the engine.
 */
export function startChild({ program, args, env, grace, mask, onLog }: ChildStart): EngineChild {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true, env });
  // A broken pipe is told by the end of the process.
  child.stdin.on('error', () => undefined);
  const log = engineLog(child.stderr, (line) => onLog(mask(line)));
  let stopping: { readonly why: string; readonly done: Promise<void> } | undefined;
  const death = ended(child, grace).then((how) => {
    if (how instanceof UserError) throw how;
    const message = stopping
      ? `slipway-engine was stopped: ${stopping.why}`
      : `slipway-engine ended unexpectedly (${how})`;
    throw new UserError('ENGINE_DIED', message, { tail: log.lines().map(mask) });
  });
  death.catch(() => undefined);
  const stop = (why: string) => {
    // What happened first is the reason: nothing is stopped that has ended.
    if (child.exitCode !== null || child.signalCode !== null) return death.catch(() => undefined);
    stopping ??= { why, done: insist(child, death, grace) };
    return stopping.done;
  };
  return { stdin: child.stdin, stdout: child.stdout, death, stop };
}

/** @returns how it ended, or the error when it never ran */
function ended(child: ChildProcess, grace: number): Promise<string | UserError> {
  return new Promise((resolve) => {
    child.once('error', (cause) => {
      if (child.pid !== undefined) return;
      resolve(
        new UserError('ENGINE_DIED', `slipway-engine could not be started: ${cause.message}`, { cause }),
      );
    });
    child.once('exit', (code, signal) => {
      const how = signal === null ? `exit status ${code}` : `signal ${signal}`;
      // Its own children may have outlived it: the end of the input tells them to clean up and to go.
      child.stdin?.end();
      const late = setTimeout(() => {
        killGroup(child);
        for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
        resolve(how);
      }, grace);
      child.once('close', () => {
        clearTimeout(late);
        resolve(how);
      });
    });
  });
}

async function insist(child: ChildProcess, death: Promise<never>, grace: number): Promise<void> {
  child.stdin?.end();
  const terminate = setTimeout(() => child.kill('SIGTERM'), grace);
  const finish = setTimeout(() => killGroup(child), 2 * grace);
  await death.catch(() => undefined);
  clearTimeout(terminate);
  clearTimeout(finish);
}

/** The engine and what it started and did not give a group of its own. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left in the group.
  }
}
