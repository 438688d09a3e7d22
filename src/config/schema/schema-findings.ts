import { z } from 'zod';
import { nearest } from '../../diagnostics/nearest.ts';
import { type Finding, fieldName, finding } from '../reading/finding.ts';
import type { ConfigDocument, Path } from '../yaml/config-document.ts';
import { PlainScalar } from '../yaml/plain-scalar.ts';
import { isMapping, type YamlValue } from '../yaml/value-tree.ts';
import { quoted } from './section.ts';

/** Everything that a schema found wrong in a document, each where it stands. */
export function schemaFindings(
  issues: readonly z.core.$ZodIssue[],
  document: ConfigDocument,
  schema: z.ZodType,
): readonly Finding[] {
  return issues.map((issue) => {
    const { path } = issue;
    if (issue.code === 'unrecognized_keys') return unknownFields(issue.keys, path, document, schema);
    if (issue.code === 'custom' && issue.params) return brokenRule(issue, document);
    const found = valueAt(document.value, path);
    if (found === undefined || (found === null && typeof path.at(-1) === 'string')) {
      const message = `\`${fieldName(path)}\` is required`;
      return finding(document, path, 'CONFIG_REQUIRED', message);
    }
    const reason = issue.message.startsWith('expected ')
      ? `${issue.message}, found ${typeName(found)}`
      : issue.message;
    return finding(document, path, 'CONFIG_FIELD', `\`${fieldName(path)}\`: ${reason}`);
  });
}

/** A rule's issue says how many of its last path elements lie inside the section that the rule is about. */
function brokenRule(issue: z.core.$ZodIssueCustom, document: ConfigDocument): Finding {
  const { path, message, params } = issue;
  const depth = Number(params?.['depth']);
  const section = path.slice(0, path.length - depth);
  const where = fieldName(section);
  const hint: unknown = params?.['hint'];
  return finding(document, path, 'CONFIG_RULE', where === '' ? message : `\`${where}\`: ${message}`, {
    sections: [section],
    atKey: depth > 0,
    ...(typeof hint === 'string' ? { hint } : {}),
  });
}

function unknownFields(
  keys: readonly string[],
  path: Path,
  document: ConfigDocument,
  schema: z.ZodType,
): Finding {
  const { known, elsewhere } = fieldsAt(schema, path);
  const advice = keys.flatMap((key) => {
    const moved = elsewhere[key];
    if (moved !== undefined) return [`\`${key}\`: ${moved}`];
    const guess = nearest(key, known);
    return guess === null ? [] : [`did you mean \`${guess}\` instead of \`${key}\`?`];
  });
  const hint = advice.length > 0 ? advice.join('\n') : `known here: ${known.join(', ')}`;
  return finding(
    document,
    [...path, keys[0] ?? ''],
    'CONFIG_UNKNOWN_FIELD',
    `unknown fields: ${quoted(keys)}!`,
    {
      hint,
      atKey: true,
      sections: [path],
    },
  );
}

interface KnownFields {
  readonly known: readonly string[];
  readonly elsewhere: Readonly<Record<string, string>>;
}

/** The fields that a schema has at a path. */
function fieldsAt(
  schema: unknown,
  path: Path,
  elsewhere: Readonly<Record<string, string>> = {},
): KnownFields {
  if (schema instanceof z.ZodPipe) {
    const own = schema.meta()?.['elsewhere'] as Readonly<Record<string, string>> | undefined;
    return fieldsAt(schema.out, path, own ?? elsewhere);
  }
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return fieldsAt(schema.unwrap(), path, elsewhere);
  }
  const [first, ...rest] = path;
  if (schema instanceof z.ZodArray) return fieldsAt(schema.element, rest);
  if (!(schema instanceof z.ZodObject)) return { known: [], elsewhere: {} };
  if (first === undefined) return { known: Object.keys(schema.shape).sort(), elsewhere };
  return fieldsAt(schema.shape[String(first)], rest);
}

export function valueAt(value: YamlValue, path: Path): YamlValue | undefined {
  return path.reduce<YamlValue | undefined>((at, key) => {
    if (Array.isArray(at)) return at[Number(key)];
    return isMapping(at) ? at[String(key)] : undefined;
  }, value);
}

const LONGEST = 60;

function typeName(value: YamlValue): string {
  if (value === null) return 'nothing';
  if (value instanceof PlainScalar) return `the ${value.kind} \`${value.written}\``;
  if (typeof value !== 'string') return Array.isArray(value) ? 'a list' : 'a mapping';
  const shown = JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value);
  return `the string ${shown}`;
}
