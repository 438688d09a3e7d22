import type { Environment } from '../commands/session.ts';

const NAMES = /(?:PASSWORD|PASSWD|TOKEN|SECRET|PRIVATE_KEY|ACCESS_KEY)$/i;
/** Shorter values are more often words such as `true` than secrets. */
const SHORTEST = 8;

/** Values of variables that hold secrets by their name. */
export function secretsOf(env: Environment): readonly string[] {
  return Object.entries(env).flatMap(([name, value]) =>
    NAMES.test(name) && value !== undefined && value.length >= SHORTEST ? [value] : [],
  );
}
