import { z } from 'zod';
import { type Platform, parsePlatform } from '../../oci/platform.ts';
import { parseDuration } from '../duration.ts';
import { type NamePattern, namePattern } from '../name-pattern.ts';
import { booleanOf, PlainScalar } from '../yaml/plain-scalar.ts';
import { isMapping } from '../yaml/value-tree.ts';
import { leaf, Refusal, textLike, textOf } from './leaf.ts';

/** A span of time in milliseconds. */
export const Duration = leaf({
  expected: 'a duration such as 36h, 7d or 2w',
  read: (value) => {
    const text = textOf(value);
    return text === undefined ? undefined : (parseDuration(text) ?? undefined);
  },
  editor: { type: 'string' },
});

/** The same, where a bare number means seconds. */
export const Period = leaf({
  expected: 'seconds or a duration such as 30s',
  read: (value) => {
    const text = textOf(value);
    if (text === undefined) return undefined;
    return (
      (value instanceof PlainScalar && /^\d+$/.test(text) ? Number(text) * 1000 : parseDuration(text)) ??
      undefined
    );
  },
  editor: { type: ['string', 'integer'] },
});

/** An exact name, or a regular expression between slashes. */
export const Pattern = leaf<NamePattern>({
  expected: 'a name or a /regular expression/',
  read: (value) => {
    const text = textOf(value);
    if (text === undefined || text === '') return undefined;
    const pattern = namePattern(text);
    return 'error' in pattern ? new Refusal(pattern.error) : pattern;
  },
  editor: { type: 'string' },
});

export const PatternList = z.array(Pattern, { error: 'expected a list of names or /regular expressions/' });

export const PlatformList = z.array(
  leaf<Platform>({
    expected: 'a platform such as linux/amd64',
    read: (value) => parsePlatform(textOf(value) ?? '') ?? undefined,
    editor: { type: 'string' },
  }),
  { error: 'expected a list of platforms' },
);

const MapValue = leaf({
  expected: 'a string, a number or a boolean',
  read: (value) => (value === null ? '' : textOf(value)),
  editor: { type: ['string', 'number', 'boolean', 'null'] },
});

export const TextMap = z.record(z.string(), MapValue, { error: 'expected a mapping' });

export const AbsolutePath = textLike(
  'an absolute path',
  (text) => (text.startsWith('/') ? null : `must be an absolute path, not "${text}"`),
  /^\//,
);

const isRelative = (text: string) => !text.startsWith('/') && !text.split('/').includes('..');

/** Masks of paths below a directory: one, or a list. */
export const Masks = leaf({
  expected: 'a path or a list of paths',
  read: (value) => {
    const texts = (Array.isArray(value) ? value : [value]).map(textOf);
    if (!texts.every((text) => text !== undefined)) return undefined;
    const wrong = texts.find((text) => text === '' || !isRelative(text));
    return wrong === undefined ? texts : new Refusal(`must hold relative paths, not "${wrong}"`);
  },
  editor: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
});

export const Port = textLike('a port such as 8080 or 53/udp', (text) =>
  /^\d+(?:-\d+)?(?:\/(?:tcp|udp|sctp))?$/.test(text) ? null : `"${text}" is no port: write 8080 or 53/udp`,
);

/** `true`, or which standard. */
export const Sbom = leaf<'spdx' | 'cyclonedx' | 'none'>({
  expected: 'true, false or a mapping with `standard: spdx` or `standard: cyclonedx`',
  read: (value) => {
    if (value instanceof PlainScalar) {
      if (value.kind !== 'boolean') return undefined;
      return booleanOf(value) ? 'spdx' : 'none';
    }
    if (!isMapping(value) || Object.keys(value).join() !== 'standard') return undefined;
    const standard = textOf(value['standard']);
    return standard === 'spdx' || standard === 'cyclonedx' ? standard : undefined;
  },
  editor: {
    anyOf: [
      { type: 'boolean' },
      {
        type: 'object',
        properties: { standard: { enum: ['spdx', 'cyclonedx'] } },
        required: ['standard'],
        additionalProperties: false,
      },
    ],
  },
});
