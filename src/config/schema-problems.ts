import { z } from 'zod';
import { nearest } from '../diagnostics/nearest.ts';
import type { Position, Problem } from '../diagnostics/problem.ts';
import type { ConfigDocument } from './yaml-documents.ts';

/** Every problem that a schema found in a document, each where it stands. */
export function schemaProblems(
  issues: readonly z.core.$ZodIssue[],
  document: ConfigDocument,
  schema: z.ZodType,
): readonly Problem[] {
  return issues.map((issue): Problem => {
    if (issue.code === 'unrecognized_keys') return unknownKeys(issue.keys, issue.path, document, schema);
    const field = issue.path.map(String).join('.');
    const position = document.at(issue.path);
    const found = foundType(valueAt(document.value, issue.path));
    const message =
      found === 'nothing' ? `\`${field}\` is required` : `\`${field}\`: ${issue.message}, found ${found}`;
    return { code: 'CONFIG_FIELD', message, position, excerpt: document.excerpt(position) };
  });
}

export function problemAt(
  document: ConfigDocument,
  position: Position,
  code: string,
  message: string,
  hint?: string,
): Problem {
  const excerpt = document.excerpt(position);
  return { code, message, position, excerpt, ...(hint === undefined ? {} : { hint }) };
}

function unknownKeys(
  keys: readonly string[],
  path: readonly PropertyKey[],
  document: ConfigDocument,
  schema: z.ZodType,
): Problem {
  const known = keysAt(schema, path);
  const guesses = keys.flatMap((key) => {
    const guess = nearest(key, known);
    return guess === null ? [] : [`did you mean \`${guess}\` instead of \`${key}\`?`];
  });
  const hint = guesses.length > 0 ? guesses.join(' ') : `known here: ${known.join(', ')}`;
  const message = `unknown fields: ${keys.map((key) => `\`${key}\``).join(', ')}!`;
  return problemAt(document, document.atKey(path, keys[0] ?? ''), 'CONFIG_UNKNOWN_FIELD', message, hint);
}

/** Names of the fields that the schema has at a path. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  if (schema instanceof z.ZodOptional) return keysAt(schema.unwrap() as z.ZodType, path);
  const [first, ...rest] = path;
  if (schema instanceof z.ZodArray) return keysAt(schema.element as z.ZodType, rest);
  if (!(schema instanceof z.ZodObject)) return [];
  if (first === undefined) return Object.keys(schema.shape).sort();
  const next: unknown = schema.shape[String(first)];
  return next instanceof z.ZodType ? keysAt(next, rest) : [];
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  );
}

function foundType(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : `\`${String(value)}\``;
}
