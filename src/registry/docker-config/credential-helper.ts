import { spawn } from 'node:child_process';
import { UserError } from '../../diagnostics/user-error.ts';

/** Said by helpers of credentials that they do not have. */
const UNKNOWN = 'credentials not found';

export interface HelperCall {
  /** What stands behind `docker-credential-`. */
  readonly helper: string;
  readonly action: 'store' | 'erase';
  /** Goes to its standard input: what it is told never stands on a command line. */
  readonly input: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/**
 * Calls a program that keeps credentials, by Docker's protocol.
 * @returns false: it does not know what it should erase
 * @throws UserError CREDENTIAL_HELPER_FAILED
 */
export async function callHelper({ helper, action, input, env, signal }: HelperCall): Promise<boolean> {
  const program = `docker-credential-${helper}`;
  if (!/^[\w.-]+$/.test(helper)) throw failed(`"${helper}" is not the name of a credential helper`);
  signal.throwIfAborted();
  const { exitCode, output } = await outcomeOf(program, action, { input, env, signal });
  signal.throwIfAborted();
  if (exitCode === 0) return true;
  if (action === 'erase' && output.toLowerCase().includes(UNKNOWN)) return false;
  throw failed(
    `the credential helper ${program} failed to ${action} them: ${output || `it ended with status ${exitCode}`}`,
  );
}

function outcomeOf(
  program: string,
  action: string,
  { input, env, signal }: Pick<HelperCall, 'input' | 'env' | 'signal'>,
): Promise<{ readonly exitCode: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [action], { env, signal, stdio: ['pipe', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (signal.aborted) reject(signal.reason);
      else if (error.code === 'ENOENT') reject(failed(`the credential helper ${program} is not in PATH`));
      else reject(failed(`the credential helper ${program} could not be started: ${error.message}`));
    });
    child.once('close', (exitCode) =>
      resolve({ exitCode, output: Buffer.concat(chunks).toString().trim().slice(0, 500) }),
    );
    // One that ends without reading says why by its status.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

function failed(message: string): UserError {
  return new UserError('CREDENTIAL_HELPER_FAILED', message, {
    hint: 'config.json names it in `credHelpers` or `credsStore`: install it, or take it out to keep credentials in the file',
  });
}
