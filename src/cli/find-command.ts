import { nearest } from '../diagnostics/nearest.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { COMMANDS, type CommandEntry, ELSEWHERE, LATER } from './command-table.ts';

export type FoundCommand =
  | { readonly kind: 'command'; readonly entry: CommandEntry; readonly args: readonly string[] }
  /** No command was named: the list of commands, or of those that begin with `prefix`. */
  | { readonly kind: 'group'; readonly prefix: string; readonly args: readonly string[] };

/** Does an option, written with its dashes and without `=`, take the next word? */
export type TakesValue = (option: string) => Promise<boolean>;

/**
 * Finds the words of the command among the arguments; options may stand in front of and between them.
 * @throws UserError for commands that do not exist, not yet, or not here
 */
export async function findCommand(args: readonly string[], takesValue: TakesValue): Promise<FoundCommand> {
  const others: string[] = [];
  const words: string[] = [];
  let index = 0;
  for (; index < args.length && args[index] !== '--'; index++) {
    const argument = args[index] ?? '';
    if (argument.startsWith('-') && argument !== '-') {
      others.push(argument);
      const hasValue = !argument.includes('=') && (await takesValue(argument));
      if (hasValue && index + 1 < args.length) others.push(args[++index] ?? '');
      continue;
    }
    words.push(argument);
    const name = words.join(' ');
    const entry = COMMANDS.find((known) => known.name === name);
    if (entry) return { kind: 'command', entry, args: [...others, ...args.slice(index + 1)] };
    if (!isGroup(name)) throw refusal(words);
  }
  return { kind: 'group', prefix: words.join(' '), args: [...others, ...args.slice(index)] };
}

function isGroup(name: string): boolean {
  return [...COMMANDS.map((known) => known.name), ...LATER].some((known) => known.startsWith(`${name} `));
}

function refusal(words: readonly string[]): UserError {
  const name = words.join(' ');
  if (ELSEWHERE.includes(words[0] ?? '')) {
    return new UserError(
      'CLI_ELSEWHERE',
      `"${name}" is not part of this tool: it builds images, others deploy them`,
      {
        hint: 'give the report of `slipway build --save-build-report` to your deploy tool: it names every image',
      },
    );
  }
  if (name === 'synchronization') {
    return new UserError('CLI_ELSEWHERE', 'slipway is no lock server', {
      hint: 'builders lock by an etcd cluster or by Leases of Kubernetes: --synchronization etcd://HOST:PORT or kubernetes://NAMESPACE; see docs/storage/locks.md',
    });
  }
  if (LATER.includes(name)) {
    return new UserError('NOT_SUPPORTED', `"${name}" is not supported yet by this version`, {
      hint: 'see `slipway help` for the commands that are',
    });
  }
  const near = nearest(name, [...COMMANDS.map((known) => known.name), 'help', ...LATER, ...ELSEWHERE]);
  return new UserError('CLI_UNKNOWN_COMMAND', `unknown command "${name}"`, {
    hint: near ? `did you mean "${near}"?` : 'see `slipway help` for all commands',
  });
}

/** Only the first words of a command were given. */
export function missingSubcommand(prefix: string): UserError {
  const of = (name: string) => name.startsWith(`${prefix} `);
  const names = COMMANDS.map(({ name }) => name).filter(of);
  if (names.length === 0) return refusal([LATER.find(of) ?? prefix]);
  const hint = `give one of: ${names.map((name) => `slipway ${name}`).join(', ')}`;
  return new UserError('CLI_NO_SUBCOMMAND', `"${prefix}" alone is no command`, { hint });
}
