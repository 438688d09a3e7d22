import { UserError } from '../diagnostics/user-error.ts';
import type { Params, Result, Settings } from './protocol.ts';

/** Must equal PROTOCOL_VERSION of the schema, which is not loaded at run time; a test holds them together. */
export const SPOKEN_PROTOCOL = 4;

export interface Greeting {
  /** Path of the engine, for messages. */
  readonly program: string;
  /** That of this command. */
  readonly version: string;
  readonly settings: Settings;
  /** Milliseconds an answer may take. */
  readonly patience: number;
}

/**
 * The first call: both sides must be of one version.
 * @throws UserError ENGINE_VERSION with both versions; ENGINE_SILENT when no answer comes
 */
export async function greetEngine(
  hello: (params: Params<'hello'>) => Promise<Result<'hello'>>,
  { program, version, settings, patience }: Greeting,
): Promise<void> {
  const welcome = await inTime(hello({ protocol: SPOKEN_PROTOCOL, version, settings }), program, patience);
  if (welcome.version === version && welcome.protocol === SPOKEN_PROTOCOL) return;
  throw mismatch(
    `${program} is version ${welcome.version} (protocol ${welcome.protocol}), ` +
      `slipway is ${version} (protocol ${SPOKEN_PROTOCOL})`,
  );
}

async function inTime<T>(answer: Promise<T>, program: string, patience: number): Promise<T> {
  let late: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    late = setTimeout(() => {
      reject(
        new UserError('ENGINE_SILENT', `${program} did not answer within ${patience / 1000} seconds`, {
          hint: 'is it really slipway-engine? SLIPWAY_ENGINE may name another program',
        }),
      );
    }, patience);
  });
  try {
    return await Promise.race([answer, silence]);
  } catch (error) {
    if (error instanceof UserError && error.code === 'VERSION_MISMATCH')
      throw mismatch(`${program} does not fit: ${error.message}`);
    throw error;
  } finally {
    clearTimeout(late);
  }
}

function mismatch(message: string): UserError {
  return new UserError('ENGINE_VERSION', message, {
    hint: 'install both in the same version, or build both from one checkout (scripts/setup)',
  });
}
