import { z } from 'zod';

// Every scalar of the file arrives as the text it is written with: fields turn it into what they hold.

/** A text; a number or a boolean is taken as it is written. */
export const Text = z.string({ error: 'expected a string' });

const TRUE = /^(true|yes|on)$/i;
const FALSE = /^(false|no|off)$/i;

export const Flag = z
  .string({ error: 'expected a boolean' })
  .refine((text) => TRUE.test(text) || FALSE.test(text), { error: 'expected a boolean: true or false' })
  .transform((text) => TRUE.test(text));

/** A whole number. @param least smallest one allowed */
export function integer(least: number) {
  return z
    .string({ error: 'expected a whole number' })
    .refine((text) => /^[+-]?\d+$/.test(text) && Number(text) >= least, {
      error: `expected a whole number, ${least} or more`,
    })
    .transform(Number);
}

/** One text or a list of them, as a list. */
export const Texts = z
  .union([z.string(), z.array(z.string())], { error: 'expected a string or a list of strings' })
  .transform((value) => (typeof value === 'string' ? [value] : value));

export const TextList = z.array(Text, { error: 'expected a list of strings' });

export const TextMap = z.record(z.string(), z.string({ error: 'expected a string, a number or a boolean' }), {
  error: 'expected a mapping',
});
