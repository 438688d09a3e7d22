/** The user's terminal, as the engine connects to it. */
export interface LinkedTerminal {
  /** Unix socket that carries the terminal's bytes. */
  readonly socket: string;
  readonly columns: number;
  readonly rows: number;
  /** Value of TERM. */
  readonly term: string;
}

/** A way for bytes between the terminal that the user sits at and one command in a container. */
export interface TerminalLink {
  readonly terminal: LinkedTerminal;
  /** Gives the user's terminal back, and hangs up what still runs on it. Safe to call twice. */
  close(): Promise<void>;
}

export interface TerminalLinks {
  /** false: input or output of this process is no terminal, and nothing can be opened. */
  readonly present: boolean;
  /**
   * The user's terminal stays as it is until a command connects, which only happens once.
   * @param greeting shown then, line by line
   */
  open(greeting: readonly string[], signal: AbortSignal): Promise<TerminalLink>;
}

/** The terminal that the user sits at. */
export interface UserTerminal {
  /** Value of TERM; '' is none. */
  readonly term: string;
  size(): TerminalSize;
  /** Makes it hand on every key as it is pressed, also Ctrl-C. */
  take(hears: TerminalEvents): TakenTerminal;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface TerminalEvents {
  keys(bytes: Buffer): void;
  resized(): void;
}

export interface TakenTerminal {
  write(bytes: Buffer | string): void;
  /** Puts it back to how it was. Safe to call twice. */
  release(): void;
}
