import type { UserError } from '../diagnostics/user-error.ts';
import type { ProgressSink } from '../progress/events.ts';

/** Shows the course of one command. */
export interface Display extends ProgressSink {
  /** Shows what is still held back, then all warnings once more. Safe to call twice. */
  close(): void;
  /** Shows what ended the command; after `close`. */
  fail(error: UserError): void;
}
