import type { Clock, Environment } from '../commands/session.ts';
import type { UserTerminal } from '../engine/terminal-link.ts';
import type { Output } from '../ui/output.ts';

/** The process as everything below `main.ts` sees it. */
export interface ProcessView {
  /** What stands after the program on the command line. */
  readonly args: readonly string[];
  readonly env: Environment;
  /** Absolute. */
  readonly cwd: string;
  /** Absolute path of the running program, links resolved: the engine is looked for around it. */
  readonly program: string;
  /** As Node names them, such as linux, x64, v20.20.2. */
  readonly platform: string;
  readonly architecture: string;
  readonly nodeVersion: string;
  readonly homeDirectory: string;
  readonly temporaryDirectory: string;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Reads standard input to its end, as UTF-8; rejects when `signal` is aborted. */
  readInput(): Promise<string>;
  /** Where the user sits; null when standard input or output is no terminal. */
  readonly terminal: UserTerminal | null;
  /** Aborted by SIGINT, SIGTERM and SIGHUP; its reason is a UserError with the exit status. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Minutes east of UTC. */
  readonly zoneMinutes: number;
  /** Calls again and again until the returned function is called. */
  every(milliseconds: number, tick: () => void): () => void;
}
