import { nearest } from '../diagnostics/nearest.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { FlagTable } from './flag.ts';

export interface ScannedArguments {
  readonly positionals: readonly string[];
  /** What follows `--`; null when there is none. */
  readonly rest: readonly string[] | null;
  /** Texts given on the command line by flag name, in order; a toggle without a value is `true`. */
  readonly given: ReadonlyMap<string, readonly string[]>;
}

interface Shape {
  readonly name: string;
  readonly short: string | null;
  readonly form: 'toggle' | 'value' | 'list';
  readonly hidden: boolean;
}

/**
 * Splits a command's arguments into options and the rest. Options may stand anywhere before `--`.
 * @throws UserError for an unknown option or a value that is missing
 */
export function scanArguments(args: readonly string[], flags: FlagTable): ScannedArguments {
  const shapes: readonly Shape[] = Object.values(flags);
  const positionals: string[] = [];
  const given = new Map<string, string[]>();
  const queue = [...args];
  for (let argument = queue.shift(); argument !== undefined; argument = queue.shift()) {
    if (argument === '--') return { positionals, rest: queue, given };
    if (!argument.startsWith('-') || argument === '-') {
      positionals.push(argument);
      continue;
    }
    for (const [shape, inline] of optionsOf(argument, shapes)) {
      const value = inline ?? (shape.form === 'toggle' ? 'true' : takeValue(shape, argument, queue));
      given.set(shape.name, [...(given.get(shape.name) ?? []), value]);
    }
  }
  return { positionals, rest: null, given };
}

type Found = readonly [shape: Shape, inline: string | null];

/** One option, or several for joined short ones. */
function optionsOf(argument: string, shapes: readonly Shape[]): readonly Found[] {
  const equals = argument.indexOf('=');
  const inline = equals < 0 ? null : argument.slice(equals + 1);
  const name = argument.slice(0, equals < 0 ? undefined : equals);
  if (name.startsWith('--')) {
    const shape = shapes.find((known) => known.name === name.slice(2));
    return [[shape ?? unknown(name, shapes), inline]];
  }
  return shortOptions(name.slice(1), inline, shapes);
}

/** `-S value`, `-Svalue`, `-S=value`, `-pZ`. */
function shortOptions(letters: string, inline: string | null, shapes: readonly Shape[]): readonly Found[] {
  const found: Found[] = [];
  for (let index = 0; index < letters.length; index++) {
    const shape = shapes.find(({ short }) => short === letters[index]) ?? unknown(`-${letters}`, shapes);
    const isLast = index === letters.length - 1;
    if (shape.form !== 'toggle' && !isLast) {
      const joined = letters.slice(index + 1);
      return [...found, [shape, inline === null ? joined : `${joined}=${inline}`]];
    }
    found.push([shape, isLast ? inline : null]);
  }
  return found;
}

function takeValue({ name }: Shape, argument: string, queue: string[]): string {
  const next = queue.shift();
  // A word with dashes is more likely the next option than a value; numbers are values.
  if (next !== undefined && (!next.startsWith('-') || /^-[0-9]+$/.test(next))) return next;
  const hint =
    next === undefined ? `write --${name}=VALUE` : `if "${next}" is the value, write --${name}=${next}`;
  throw new UserError('CLI_VALUE_MISSING', `option ${argument} needs a value`, { hint });
}

function unknown(option: string, shapes: readonly Shape[]): never {
  const names = shapes.filter(({ hidden }) => !hidden).map(({ name }) => `--${name}`);
  const near = option.startsWith('--') ? nearest(option, names) : null;
  throw new UserError('CLI_UNKNOWN_OPTION', `unknown option ${option}`, {
    hint: near ? `did you mean ${near}?` : 'see --help for the options of this command',
  });
}
