import { setTimeout as sleep } from 'node:timers/promises';
import { presentCommit } from '../commands/present-commit.ts';
import { secretMask } from '../diagnostics/secrets.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { assemble } from './assemble.ts';
import type { SessionFlags } from './command.ts';
import type { FlagValues } from './flag.ts';
import type { ProcessView } from './process-view.ts';

/** Milliseconds between two looks at the repository. */
const POLL = 1_000;

/**
 * Runs, waits until there is another commit (with --dev: another state of the work tree), and runs again.
 * What changes during a run makes one more run after it.
 * @returns the exit status, once the signal of the process is aborted
 */
export async function runAgain(
  run: () => Promise<number>,
  flags: FlagValues<SessionFlags>,
  view: ProcessView,
): Promise<number> {
  const { signal } = view;
  for (;;) {
    const seen = await stateOf(flags, view);
    await run();
    if (!signal.aborted) view.stderr.write('\nWaiting for another commit; Ctrl-C ends it.\n');
    while (!signal.aborted && (await stateOf(flags, view)) === seen) {
      await sleep(POLL, undefined, { signal }).catch(() => undefined);
    }
    if (signal.aborted) return signal.reason instanceof UserError ? signal.reason.exitCode : 1;
  }
}

/** Something that differs as soon as another run would see something else. */
async function stateOf(flags: FlagValues<SessionFlags>, view: ProcessView): Promise<string> {
  const progress = { emit: () => undefined };
  const { session, close } = await assemble({ flags, view, progress, colored: false, secrets: secretMask() });
  try {
    return (await presentCommit(session)).id;
  } catch (error) {
    // The next run says what is wrong; here it only matters when that changes.
    return error instanceof Error ? error.message : String(error);
  } finally {
    await close();
  }
}
