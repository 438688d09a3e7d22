import type { Problem } from './problem.ts';

export interface UserErrorDetails {
  readonly hint?: string;
  readonly cause?: unknown;
  /** Several things found wrong at once; the message then sums them up. */
  readonly problems?: readonly Problem[];
  /** Last lines of a failed command's output. */
  readonly tail?: readonly string[];
  /** Exit status of the process, when it is not 1. */
  readonly exitCode?: number;
}

/** An error that is told to the user as it is: what happened, to what, and what to do next. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly code: string;
  readonly hint: string | undefined;
  readonly problems: readonly Problem[];
  readonly tail: readonly string[];
  readonly exitCode: number;

  constructor(code: string, message: string, details: UserErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.problems = details.problems ?? [];
    this.tail = details.tail ?? [];
    this.exitCode = details.exitCode ?? 1;
  }
}
