import { z } from 'zod';
import { nearest } from '../diagnostics/nearest.ts';
import { GiterminismConfig } from './giterminism-schema.ts';

/** Message and hint about keys that a mapping of werf-giterminism.yaml does not have. */
export function unknownFields(keys: readonly string[], path: readonly PropertyKey[]) {
  const known = keysAt(GiterminismConfig, path);
  const guesses = keys.flatMap((key) => {
    const guess = nearest(key, known);
    return guess === null ? [] : [`\`${key}\`: did you mean \`${guess}\`?`];
  });
  const message = `unknown fields: ${keys.map((key) => `\`${key}\``).join(', ')}!`;
  return { message, hint: guesses.length > 0 ? guesses.join(' ') : `known here: ${known.join(', ')}` };
}

function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  const inner = schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema;
  if (!(inner instanceof z.ZodObject)) return [];
  const [first, ...rest] = path;
  if (first === undefined) return Object.keys(inner.shape);
  const next: unknown = inner.shape[String(first)];
  return next instanceof z.ZodType ? keysAt(next, rest) : [];
}
