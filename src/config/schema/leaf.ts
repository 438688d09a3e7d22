import { z } from 'zod';
import { booleanOf, numberOf, PlainScalar } from '../yaml/plain-scalar.ts';
import type { YamlValue } from '../yaml/value-tree.ts';

/** What editors are told of a value that is read from its text. */
export type EditorSchema = Readonly<Record<string, unknown>>;

/** Why a value of the right type is not accepted, as a sentence of its own. */
export class Refusal {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

export interface LeafParts<T> {
  /** Follows `expected`, such as `a string`. */
  readonly expected: string;
  /** @returns undefined for values of another type */
  readonly read: (value: YamlValue | undefined) => T | Refusal | undefined;
  readonly editor: EditorSchema;
}

/** The schema of a single value. Its one message says what was expected, or why the value is refused. */
export function leaf<T>({ expected, read, editor }: LeafParts<T>) {
  const isRead = z.custom<T>((value) => value !== undefined && !(value instanceof Refusal), {
    error: ({ input }) => (input instanceof Refusal ? input.why : `expected ${expected}`),
  });
  return z.preprocess((value) => read(value as YamlValue | undefined), isRead).meta({ editor });
}

/** Text of a scalar as it is written: `8080`, `yes` and `1.10` are taken as they stand. */
export function textOf(value: YamlValue | undefined): string | undefined {
  if (value instanceof PlainScalar) return value.written;
  return typeof value === 'string' ? value : undefined;
}

const SCALAR_TYPES = ['string', 'number', 'boolean'];

export const Text = leaf({ expected: 'a string', read: textOf, editor: { type: SCALAR_TYPES } });

/** @param refuse why a text is not accepted; null when it is */
export function textLike(expected: string, refuse: (text: string) => string | null, pattern?: RegExp) {
  return leaf({
    expected,
    read: (value) => {
      const text = textOf(value);
      const why = text === undefined ? null : refuse(text);
      return why === null ? text : new Refusal(why);
    },
    editor: { type: SCALAR_TYPES, ...(pattern ? { pattern: pattern.source } : {}) },
  });
}

export const NonEmpty = textLike('a string', (text) => (text === '' ? 'must not be empty' : null));

export const Flag = leaf({
  expected: 'a boolean',
  read: (value) => (value instanceof PlainScalar && value.kind === 'boolean' ? booleanOf(value) : undefined),
  editor: { type: 'boolean' },
});

/** A whole number. @param least smallest one allowed */
export function integer(least: number) {
  return leaf({
    expected: 'a whole number',
    read: (value) => {
      if (!(value instanceof PlainScalar) || !/integer|float/.test(value.kind)) return undefined;
      const number = numberOf(value);
      if (!Number.isSafeInteger(number)) return undefined;
      return number < least ? new Refusal(`must be ${least} or more`) : number;
    },
    editor: { type: 'integer', minimum: least },
  });
}

/** One of some words. */
export function choice<const W extends string>(words: readonly W[]) {
  return leaf({
    expected:
      words.length === 1 ? `\`${words[0]}\`` : `one of ${words.map((word) => `\`${word}\``).join(', ')}`,
    read: (value) => words.find((word) => word === textOf(value)),
    editor: { enum: [...words] },
  });
}

/** `or list` may be left to the reader: one text is a list of one. */
export const Texts = leaf({
  expected: 'a string or a list of strings',
  read: (value) => {
    const texts = (Array.isArray(value) ? value : [value]).map(textOf);
    return texts.every((text) => text !== undefined) ? texts : undefined;
  },
  editor: { anyOf: [{ type: SCALAR_TYPES }, { type: 'array', items: { type: SCALAR_TYPES } }] },
});

export const TextList = z.array(Text, { error: 'expected a list of strings' });
