import { z } from 'zod';
import { isMapping } from '../yaml/value-tree.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What a rule finds: the message, and the fields that it points at. */
export interface Violation {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly hint?: string;
}

/** Judges fields together. Some of them may be missing or of a wrong type: that is reported besides. */
export type Rule = (fields: Fields) => readonly Violation[];

export interface SectionOptions {
  readonly rules?: readonly Rule[];
  /** Fields that mean something when they are null; elsewhere null is the same as leaving the field out. */
  readonly nullable?: readonly string[];
  /** Fields that belong elsewhere, and what to do instead. */
  readonly elsewhere?: Readonly<Record<string, string>>;
}

/** A mapping with known fields. */
export function section<S extends z.core.$ZodLooseShape>(shape: S, options: SectionOptions = {}) {
  const { rules = [], nullable = [], elsewhere = {} } = options;
  const fields = z.strictObject(shape, { error: 'expected a mapping' }).superRefine(
    (value, context) => {
      if (typeof value !== 'object' || value === null) return;
      for (const { message, path = [], hint } of rules.flatMap((rule) => rule(value))) {
        context.addIssue({ code: 'custom', message, path: [...path], params: { depth: path.length, hint } });
      }
    },
    // Also beside other problems: all of them are told at once.
    { when: () => true },
  );
  const withoutNulls = (value: unknown) => {
    if (!isMapping(value)) return value;
    const kept = Object.entries(value).filter(
      ([key, field]) => field !== null || nullable.includes(key) || !Object.hasOwn(shape, key),
    );
    return Object.fromEntries(kept);
  };
  return z.preprocess(withoutNulls, fields).meta({ elsewhere });
}

/** @param each makes one message for all: `expected exactly one of …` */
export function exactlyOne(...names: readonly string[]): Rule {
  return (fields) => {
    const given = names.filter((name) => fields[name] !== undefined);
    if (given.length === 1) return [];
    const [, second] = given;
    const message = `expected exactly one of ${quoted(names)}`;
    return [{ message, ...(second === undefined ? {} : { path: [second] }) }];
  };
}

export function atMostOne(...names: readonly string[]): Rule {
  return (fields) => {
    const [, second] = names.filter((name) => fields[name] !== undefined);
    return second === undefined
      ? []
      : [{ message: `expected at most one of ${quoted(names)}`, path: [second] }];
  };
}

export function quoted(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}
