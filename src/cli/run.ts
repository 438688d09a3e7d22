import { UserError } from '../diagnostics/user-error.ts';
import type { FoundCommand } from './find-command.ts';
import { findCommand } from './find-command.ts';
import type { ProcessView } from './process-view.ts';

/** Runs one command line. @returns the exit status of the process */
export async function run(view: ProcessView): Promise<number> {
  try {
    return await dispatch(view);
  } catch (error) {
    return await failed(view, error);
  }
}

async function dispatch(view: ProcessView): Promise<number> {
  const { args, wantsHelp } = helpOf(view.args);
  if (args[0] === '--version') return await dispatch({ ...view, args: ['version', ...args.slice(1)] });
  const found = await findCommand(args, takesValue);
  if (wantsHelp) return await showHelp(view, found);
  if (found.kind === 'group') return await withoutCommand(view, found);
  const command = await found.entry.load();
  if (command.kind === 'session') {
    const { runSession } = await import('./run-session.ts');
    return await runSession(command, found.args, view);
  }
  const { readInput } = await import('./read-input.ts');
  const { input } = readInput(command, found.args, view);
  view.stdout.write(await command.run(input));
  return 0;
}

/** `help` in front and `--help`, `-h` anywhere before `--` ask for the same. */
function helpOf(args: readonly string[]): { readonly args: readonly string[]; readonly wantsHelp: boolean } {
  const end = args.indexOf('--');
  const own = args.slice(0, end < 0 ? args.length : end);
  const others = own.filter((argument) => argument !== '--help' && argument !== '-h');
  if (others[0] === 'help') return { args: others.slice(1), wantsHelp: true };
  return others.length < own.length ? { args: others, wantsHelp: true } : { args, wantsHelp: false };
}

async function takesValue(option: string): Promise<boolean> {
  const { allFlags } = await import('./all-flags.ts');
  const named = allFlags().find(({ name, short }) => option === `--${name}` || option === `-${short}`);
  return named !== undefined && named.form !== 'toggle';
}

async function showHelp(view: ProcessView, found: FoundCommand): Promise<number> {
  const { commandHelp, generalHelp } = await import('./help-text.ts');
  view.stdout.write(
    found.kind === 'group' ? generalHelp(found.prefix) : commandHelp(await found.entry.load()),
  );
  return 0;
}

async function withoutCommand(
  view: ProcessView,
  { prefix, args }: FoundCommand & { kind: 'group' },
): Promise<number> {
  const { scanArguments } = await import('./scan-arguments.ts');
  const { positionals } = scanArguments(args, {});
  if (prefix === '' && positionals.length === 0) {
    const { generalHelp } = await import('./help-text.ts');
    view.stdout.write(generalHelp(''));
    return 0;
  }
  const { missingSubcommand } = await import('./find-command.ts');
  throw missingSubcommand(prefix);
}

/** What failed before there was a display, or inside it. */
async function failed(view: ProcessView, error: unknown): Promise<number> {
  const { describeFailure } = await import('./describe-failure.ts');
  const { errorText } = await import('../ui/problem-text.ts');
  const { painter } = await import('../ui/painter.ts');
  const shown: UserError =
    error instanceof UserError ? error : await describeFailure(error, view, (text) => text);
  view.stderr.write(errorText(shown, painter(view.stderr.isTTY)));
  return shown.exitCode;
}
