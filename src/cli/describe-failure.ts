import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { VERSION } from '../commands/version.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { ProcessView } from './process-view.ts';

/**
 * What users are told of an error that is ours: a short text, and where the trace is.
 * @param mask applied to the trace before it is written
 */
export async function describeFailure(
  error: unknown,
  view: Pick<ProcessView, 'temporaryDirectory' | 'clock' | 'nodeVersion' | 'args'>,
  mask: (text: string) => string,
): Promise<UserError> {
  if (error instanceof UserError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const trace = [
    `slipway ${VERSION}, Node.js ${view.nodeVersion}, ${new Date(view.clock.now()).toISOString()}`,
    `command: ${view.args.map(withoutValue).join(' ')}`,
    inspect(error, { depth: 4 }),
    '',
  ].join('\n');
  const file = join(view.temporaryDirectory, `slipway-error-${view.clock.unique()}.txt`);
  const written = await write(file, mask(trace));
  return new UserError('INTERNAL', `internal error: ${mask(message)}`, {
    hint: written
      ? `this is a defect of slipway; please report it with the trace in ${file}`
      : `this is a defect of slipway; no trace could be written to ${file}`,
    cause: error,
  });
}

/** Values of options may be secrets, their names are not. */
function withoutValue(argument: string): string {
  return argument.startsWith('-') ? argument.replace(/=.*$/s, '=…') : argument;
}

async function write(file: string, text: string): Promise<boolean> {
  try {
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, text, { mode: 0o600, flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}
