/** What YAML 1.1 takes an unquoted scalar for, unless a field wants its text. */
export type ScalarKind = 'boolean' | 'integer' | 'float' | 'timestamp';

/** An unquoted scalar that is no string by itself. Fields that hold text take it as it is written. */
export class PlainScalar {
  readonly written: string;
  readonly kind: ScalarKind;

  constructor(written: string, kind: ScalarKind) {
    this.written = written;
    this.kind = kind;
  }
}

const NULL = /^(?:~|null|Null|NULL)?$/;
const TRUE = /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const INTEGER = /^[-+]?(?:0b[01_]+|0x[\da-fA-F_]+|0o?[0-7_]+|0|[1-9][\d_]*)$/;
const FLOAT = /^(?:[-+]?(?:\d[\d_]*)?\.?\d[\d_]*(?:[eE][-+]?\d+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const TIMESTAMP = /^\d{4}-\d{1,2}-\d{1,2}(?:(?:[Tt]|[ \t]+)\d{1,2}:\d{2}:\d{2}[\d.:+\-Zz \t]*)?$/;

/** Resolves an unquoted scalar by the rules of YAML 1.1, `yes` and `off` being booleans. */
export function resolvePlain(text: string): null | string | PlainScalar {
  if (NULL.test(text)) return null;
  if (TRUE.test(text) || FALSE.test(text)) return new PlainScalar(text, 'boolean');
  if (INTEGER.test(text)) return new PlainScalar(text, 'integer');
  if (FLOAT.test(text)) return new PlainScalar(text, 'float');
  return TIMESTAMP.test(text) ? new PlainScalar(text, 'timestamp') : text;
}

export function booleanOf({ written }: PlainScalar): boolean {
  return TRUE.test(written);
}

/** The number that an integer or a float stands for; `010` is eight. */
export function numberOf({ written, kind }: PlainScalar): number {
  const text = written.replaceAll('_', '');
  if (kind === 'float') return floatOf(text);
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^[-+]/, '');
  return sign * Number(/^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits);
}

function floatOf(text: string): number {
  if (/nan/i.test(text)) return Number.NaN;
  if (/inf/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text);
}
