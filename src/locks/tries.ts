import { setTimeout as sleep } from 'node:timers/promises';
import { Unreachable } from './json-requests.ts';

/**
 * Tries again what found nobody.
 * @param most how often in all, @param pause milliseconds between two tries
 * @throws Unreachable of the last try; at once, what is no Unreachable
 */
export async function withTries<T>(
  { most, pause, signal }: { readonly most: number; readonly pause: number; readonly signal: AbortSignal },
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Unreachable) || tries >= most) throw error;
    }
    await sleep(pause, undefined, { signal });
  }
}
