import type { Environment } from '../commands/session.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { Flag, FlagTable, FlagValues } from './flag.ts';

export interface ResolvedFlags<S extends FlagTable> {
  readonly values: FlagValues<S>;
  readonly warnings: readonly Problem[];
  /** Values that must not be shown. */
  readonly secrets: readonly string[];
}

interface Source {
  /** `--repo` or a variable's name, for messages. */
  readonly from: string;
  readonly texts: readonly string[];
}

type Outcome =
  | { readonly kind: 'value'; readonly value: unknown; readonly source: Source }
  | { readonly kind: 'default'; readonly warning?: Problem }
  | { readonly kind: 'bad'; readonly problem: Problem };

/**
 * Gives every flag its value: the command line beats variables, variables beat the default.
 * @throws UserError with every bad value at once; for flags that are not supported yet, too
 */
export function resolveFlags<S extends FlagTable>(
  flags: S,
  given: ReadonlyMap<string, readonly string[]>,
  env: Environment,
): ResolvedFlags<S> {
  const outcomes = Object.entries(flags).map(([key, flag]) => ({
    key,
    flag,
    outcome: resolve(flag, given, env),
  }));
  const bad = outcomes.flatMap(({ outcome }) => (outcome.kind === 'bad' ? [outcome.problem] : []));
  const refused = outcomes.flatMap(({ flag, outcome }) => refusal(flag, outcome));
  raise([...bad, ...refused]);
  const warnings = outcomes.flatMap(({ flag, outcome }) => warningsOf(flag, outcome));
  const secrets = outcomes.flatMap(({ flag, outcome }) =>
    flag.secret && outcome.kind === 'value' ? outcome.source.texts : [],
  );
  const values = Object.fromEntries(
    outcomes.map(({ key, flag, outcome }) => [key, outcome.kind === 'value' ? outcome.value : flag.fallback]),
  ) as FlagValues<S>;
  return { values, warnings, secrets };
}

function resolve(
  flag: Flag<unknown>,
  given: ReadonlyMap<string, readonly string[]>,
  env: Environment,
): Outcome {
  const texts = given.get(flag.name);
  const prefixed = flag.env.flatMap((name) => (name.endsWith('*') ? matching(name.slice(0, -1), env) : []));
  if (flag.form === 'list' && prefixed.length > 0) {
    const from = texts ? `--${flag.name}` : prefixed.map(({ name }) => name).join(', ');
    return parse(flag, { from, texts: [...prefixed.map(({ value }) => value), ...(texts ?? [])] });
  }
  if (texts) {
    return parse(flag, { from: `--${flag.name}`, texts: flag.form === 'list' ? texts : texts.slice(-1) });
  }
  const variable = flag.env.find((name) => env[name] !== undefined && env[name] !== '');
  if (variable === undefined) return { kind: 'default' };
  const source = { from: variable, texts: [env[variable] ?? ''] };
  return flag.form === 'toggle' ? parseVariable(source) : parse(flag, source);
}

/** Variables that begin with `prefix` and are not empty, sorted by name. */
function matching(
  prefix: string,
  env: Environment,
): readonly { readonly name: string; readonly value: string }[] {
  return Object.keys(env)
    .filter((name) => name.startsWith(prefix) && env[name] !== undefined && env[name] !== '')
    .sort()
    .map((name) => ({ name, value: env[name] ?? '' }));
}

function parse(flag: Flag<unknown>, source: Source): Outcome {
  const result = flag.parse(source.texts);
  if (result.ok) return { kind: 'value', value: result.value, source };
  const message = `${source.from}: ${result.reason}`;
  return { kind: 'bad', problem: { code: 'CLI_BAD_VALUE', message } };
}

function parseVariable(source: Source): Outcome {
  const [text = ''] = source.texts;
  if (['1', 'true', 'yes'].includes(text)) return { kind: 'value', value: true, source };
  if (['0', 'false', 'no'].includes(text)) return { kind: 'value', value: false, source };
  const message = `${source.from}="${text}" is none of 1, true, yes, 0, false, no: it is ignored`;
  return { kind: 'default', warning: { code: 'CLI_BAD_VARIABLE', message } };
}

/** Does it ask for more than the default does? */
function asks(flag: Flag<unknown>, outcome: Outcome): outcome is Outcome & { kind: 'value' } {
  if (outcome.kind !== 'value') return false;
  if (flag.form === 'list') return outcome.source.texts.length > 0;
  return outcome.value !== flag.fallback;
}

function refusal(flag: Flag<unknown>, outcome: Outcome): readonly Problem[] {
  if (flag.status !== 'unsupported' || !asks(flag, outcome)) return [];
  const { from } = outcome.source;
  const named = from === `--${flag.name}` ? from : `--${flag.name} (given by ${from})`;
  return [{ code: 'NOT_SUPPORTED', message: `${named} is not supported yet by this version` }];
}

function warningsOf(flag: Flag<unknown>, outcome: Outcome): readonly Problem[] {
  if (outcome.kind === 'default' && outcome.warning) return [outcome.warning];
  if (flag.status !== 'inert' || !asks(flag, outcome)) return [];
  const message = `${outcome.source.from} has no effect in this version`;
  return [{ code: 'CLI_NO_EFFECT', message }];
}

function raise(problems: readonly Problem[]): void {
  const [first] = problems;
  if (!first) return;
  if (problems.length === 1) throw new UserError(first.code, first.message);
  throw new UserError(first.code, 'several options cannot be used as given', { problems });
}
