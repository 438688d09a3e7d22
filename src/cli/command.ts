import type { Session } from '../commands/session.ts';
import type { FlagTable, FlagValues } from './flag.ts';
import type { hostFlags } from './host-flags.ts';
import type { logFlags } from './log-flags.ts';
import type { projectFlags } from './project-flags.ts';

export interface CommandInput<S extends FlagTable> {
  readonly flags: FlagValues<S>;
  readonly positionals: readonly string[];
  /** What follows `--`; null when there is none. */
  readonly rest: readonly string[] | null;
  /** Absolute path of the directory that the user is in. */
  readonly cwd: string;
}

/** A variable of the environment that no option stands for. */
export interface DescribedVariable {
  readonly name: string;
  readonly explains: string;
}

export interface CommandDetails<S extends FlagTable> {
  /** Words after `slipway`, such as `config render`. */
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  /** How many words it takes beside options. */
  readonly positionals: {
    readonly usage: string;
    readonly most: number /** Takes words after `--`. */;
    readonly rest?: boolean;
  };
  readonly description: string;
  readonly examples: readonly { readonly line: string; readonly explains: string }[];
  readonly variables?: readonly DescribedVariable[];
  readonly flags: S;
}

/** Needs nothing but its arguments. */
export interface PlainCommand<S extends FlagTable> extends CommandDetails<S> {
  readonly kind: 'plain';
  /** @returns what goes to standard output */
  run(input: CommandInput<S>): Promise<string>;
}

/** Flags that every command with a session has. */
export type SessionFlags = typeof projectFlags & typeof hostFlags & typeof logFlags;

/** Works on a project. */
export interface SessionCommand<S extends SessionFlags> extends CommandDetails<S> {
  readonly kind: 'session';
  /** What standard output carries: the log of what is done, or data, with the log on standard error. */
  readonly output: 'log' | 'data';
  /** @returns data for standard output; '' for none */
  run(input: CommandInput<S>, session: Session): Promise<string>;
}

/** A command of any flags, as it is kept in the table of commands. */
export type Command = PlainCommand<FlagTable> | SessionCommand<SessionFlags>;

export function plainCommand<S extends FlagTable>(details: Omit<PlainCommand<S>, 'kind'>): Command {
  // Values are made from the same `flags`, so they fit `run`; the table cannot say so in types.
  return { kind: 'plain', ...details } as unknown as Command;
}

export function sessionCommand<S extends SessionFlags>(details: Omit<SessionCommand<S>, 'kind'>): Command {
  return { kind: 'session', ...details } as unknown as Command;
}
