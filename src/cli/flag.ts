export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

/** Headings of the help text, in this order. */
export const SECTIONS = {
  command: 'Options',
  project: 'Project options',
  host: 'Host options',
  repositories: 'Repository options',
  build: 'Build options',
  volume: 'Storage volume options',
  kubernetes: 'Kubernetes options',
  log: 'Log options',
} as const;
export type Section = keyof typeof SECTIONS;

/** works; unsupported: giving it is an error; inert: it is read and checked, and changes nothing yet. */
export type FlagStatus = 'works' | 'unsupported' | 'inert';

/** One option of a command: how it is written, where else its value comes from, what it means. */
export interface Flag<T> {
  /** Without dashes. */
  readonly name: string;
  readonly short: string | null;
  /** Variables that give it too, first one first; a trailing `*` takes all that begin so, sorted by name. */
  readonly env: readonly string[];
  readonly form: 'toggle' | 'value' | 'list';
  /** What stands for the value in help texts; '' for toggles. */
  readonly placeholder: string;
  readonly summary: string;
  readonly section: Section;
  readonly fallback: T;
  /** The default as help texts show it; '' when there is nothing to show. */
  readonly fallbackText: string;
  readonly status: FlagStatus;
  /** Its value is masked in everything that is shown. */
  readonly secret: boolean;
  readonly hidden: boolean;
  /** Values offered by shell completion. */
  readonly choices: readonly string[];
  /** @param texts one, or any number for a list */
  parse(texts: readonly string[]): Parsed<T>;
}

// biome-ignore lint/suspicious/noExplicitAny: only a table of flags of any type infers the type of each.
export type FlagTable = Readonly<Record<string, Flag<any>>>;
export type FlagValues<S extends FlagTable> = {
  readonly [K in keyof S]: S[K] extends Flag<infer T> ? T : never;
};

interface FlagDetails {
  readonly section: Section;
  readonly summary: string;
  readonly env?: readonly string[];
  readonly short?: string;
  readonly status?: FlagStatus;
  readonly secret?: boolean;
  readonly hidden?: boolean;
  readonly fallbackText?: string;
}

function common(name: string, details: FlagDetails) {
  const { section, summary, env = [], short = null, status = 'works' } = details;
  const { secret = false, hidden = false, fallbackText = '' } = details;
  return { name, short, env, summary, section, status, secret, hidden, fallbackText, choices: [] };
}

export function toggle(name: string, details: FlagDetails & { readonly fallback?: boolean }): Flag<boolean> {
  const fallback = details.fallback ?? false;
  return {
    ...common(name, { fallbackText: String(fallback), ...details }),
    form: 'toggle',
    placeholder: '',
    fallback,
    parse: ([text = '']) => parseSwitch(text),
  };
}

export function text(name: string, placeholder: string, details: FlagDetails): Flag<string | null> {
  return {
    ...common(name, details),
    form: 'value',
    placeholder,
    fallback: null,
    parse: ([value = '']) => ({ ok: true, value }),
  };
}

/** A text with a default. */
export function textOr(
  name: string,
  placeholder: string,
  fallback: string,
  details: FlagDetails,
): Flag<string> {
  return {
    ...common(name, { fallbackText: fallback, ...details }),
    form: 'value',
    placeholder,
    fallback,
    parse: ([value = '']) => ({ ok: true, value }),
  };
}

export function integer(
  name: string,
  fallback: number,
  details: FlagDetails & { readonly least: number },
): Flag<number> {
  return {
    ...common(name, { fallbackText: String(fallback), ...details }),
    form: 'value',
    placeholder: 'NUMBER',
    fallback,
    parse([value = '']) {
      const number = /^[+-]?[0-9]{1,9}$/.test(value) ? Number(value) : Number.NaN;
      if (number >= details.least) return { ok: true, value: number };
      return { ok: false, reason: `"${value}" is not a whole number of at least ${details.least}` };
    },
  };
}

export function choice<const V extends readonly string[]>(
  name: string,
  values: V,
  fallback: V[number],
  details: FlagDetails,
): Flag<V[number]> {
  return {
    ...common(name, { fallbackText: fallback, ...details }),
    choices: values,
    form: 'value',
    placeholder: values.join('|'),
    fallback,
    parse([value = '']) {
      const found = values.find((known) => known === value.toLowerCase());
      if (found !== undefined) return { ok: true, value: found };
      return { ok: false, reason: `"${value}" is none of ${values.join(', ')}` };
    },
  };
}

export function list(name: string, placeholder: string, details: FlagDetails): Flag<readonly string[]> {
  return {
    ...common(name, details),
    form: 'list',
    placeholder,
    fallback: [],
    parse: (values) => ({ ok: true, value: values }),
  };
}

/** A flag whose one value is read by `parse`. */
export function parsed<T>(
  name: string,
  placeholder: string,
  parse: (text: string) => Parsed<T>,
  details: FlagDetails,
): Flag<T | null> {
  return {
    ...common(name, details),
    form: 'value',
    placeholder,
    fallback: null,
    parse: ([value = '']) => parse(value),
  };
}

function parseSwitch(value: string): Parsed<boolean> {
  if (value === 'true' || value === '1') return { ok: true, value: true };
  if (value === 'false' || value === '0') return { ok: true, value: false };
  return { ok: false, reason: `"${value}" is none of true, false, 1, 0` };
}
