import { UserError } from '../diagnostics/user-error.ts';
import type { Failure } from './protocol.ts';

/** A failure of a command inside a build, with what is known of it. */
export class BuildFailed extends UserError {
  /** Exit status of the command. */
  readonly status: number;
  /** As written in the Dockerfile. */
  readonly instruction: string;
  /** Counts from 1; 0 when unknown. */
  readonly line: number;

  constructor(failure: Failure) {
    super(failure.code, failure.message, { tail: failure.tail, ...hintOf(failure) });
    this.status = failure.exitCode;
    this.instruction = failure.instruction;
    this.line = failure.line;
  }
}

/** What the engine answered, as the error that is shown. */
export function engineFailure(message: string, data: unknown): UserError {
  if (!isFailure(data)) return new UserError('ENGINE_FAILED', message);
  if (data.code === 'BUILD_FAILED') return new BuildFailed(data);
  return new UserError(data.code, data.message, { tail: data.tail, ...hintOf(data) });
}

function hintOf({ hint }: Failure): { readonly hint?: string } {
  return hint === '' ? {} : { hint };
}

function isFailure(data: unknown): data is Failure {
  return (
    typeof data === 'object' && data !== null && 'code' in data && 'tail' in data && Array.isArray(data.tail)
  );
}
