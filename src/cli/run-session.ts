import { secretMask } from '../diagnostics/secrets.ts';
import { createDisplay } from '../ui/create-display.ts';
import { assemble } from './assemble.ts';
import type { SessionCommand, SessionFlags } from './command.ts';
import { describeFailure } from './describe-failure.ts';
import { logSettingsOf } from './log-settings-of.ts';
import { announceTo } from './opening-lines.ts';
import type { ProcessView } from './process-view.ts';
import { readInput } from './read-input.ts';
import { requireLinux } from './require-linux.ts';
import { secretsOf } from './secret-variables.ts';
import { withPatience } from './with-patience.ts';

/** Milliseconds after a signal; together below the time that a stopped process has at all. */
const PATIENCE = { command: 8_000, close: 20_000 } as const;

/**
 * Runs a command that works on a project; with --follow again and again, until it is stopped.
 * @returns the exit status
 */
export async function runSession(
  command: SessionCommand<SessionFlags>,
  args: readonly string[],
  view: ProcessView,
): Promise<number> {
  const read = readInput(command, args, view);
  await requireLinux(view);
  const follows = 'follow' in read.input.flags && read.input.flags.follow === true;
  if (!follows) return await runOnce(command, read, view);
  const { runAgain } = await import('./run-again.ts');
  return await runAgain(() => runOnce(command, read, view), read.input.flags, view);
}

async function runOnce(
  command: SessionCommand<SessionFlags>,
  { input, resolved }: ReturnType<typeof readInput<SessionFlags>>,
  view: ProcessView,
): Promise<number> {
  const secrets = secretMask();
  for (const secret of [...resolved.secrets, ...secretsOf(view.env)]) secrets.add(secret);
  const log = command.output === 'log' ? view.stdout : view.stderr;
  const settings = logSettingsOf(input.flags, log);
  const display = await createDisplay({
    settings,
    log,
    errors: view.stderr,
    secrets,
    now: view.clock.now,
    zoneMinutes: view.zoneMinutes,
    every: view.every,
  });
  try {
    announceTo(display, command, { ...input, warnings: resolved.warnings });
    const colored = settings.color && settings.format !== 'json';
    const assembled = await assemble({ flags: input.flags, view, progress: display, colored, secrets });
    let data: string;
    try {
      data = await withPatience(command.run(input, assembled.session), view.signal, PATIENCE.command);
    } finally {
      await withPatience(assembled.close(), view.signal, PATIENCE.close);
    }
    display.close();
    view.stdout.write(data);
    return 0;
  } catch (error) {
    display.close();
    // What breaks because everything is being stopped is no news: the signal is.
    const cause: unknown = view.signal.aborted ? view.signal.reason : error;
    const shown = await describeFailure(cause, view, secrets.apply);
    display.fail(shown);
    return shown.exitCode;
  }
}
