import { UserError } from '../diagnostics/user-error.ts';
import type { Command, CommandInput } from './command.ts';
import type { FlagTable } from './flag.ts';
import type { ProcessView } from './process-view.ts';
import { type ResolvedFlags, resolveFlags } from './resolve-flags.ts';
import { scanArguments } from './scan-arguments.ts';

export interface ReadInput<S extends FlagTable> {
  readonly input: CommandInput<S>;
  readonly resolved: ResolvedFlags<S>;
}

/** Reads a command's arguments and variables. @throws UserError for what it does not take */
export function readInput<S extends FlagTable>(
  command: Pick<Command, 'name' | 'positionals'> & { readonly flags: S },
  args: readonly string[],
  { env, cwd }: ProcessView,
): ReadInput<S> {
  const { positionals, rest, given } = scanArguments(args, command.flags);
  const { most, rest: takesRest = false } = command.positionals;
  if (positionals.length > most) {
    throw new UserError('CLI_TOO_MANY_ARGUMENTS', `${command.name} does not take "${positionals[most]}"`, {
      hint: `see slipway ${command.name} --help`,
    });
  }
  if (rest !== null && rest.length > 0 && !takesRest) {
    throw new UserError('CLI_TOO_MANY_ARGUMENTS', `${command.name} takes nothing after --`);
  }
  const resolved = resolveFlags(command.flags, given, env);
  return { input: { flags: resolved.values, positionals, rest, cwd }, resolved };
}
