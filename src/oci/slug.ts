import { murmur3 } from './murmur3.ts';
import { transliterated } from './transliteration.ts';

interface SlugForm {
  /** Characters at most. */
  readonly longest: number;
  readonly valid: RegExp;
}

const LABEL = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
const FORMS = {
  'helm-release': { longest: 53, valid: new RegExp(`^${LABEL}(?:\\.${LABEL})*$`) },
  'kubernetes-namespace': { longest: 63, valid: new RegExp(`^${LABEL}$`) },
  'docker-tag': { longest: 128, valid: /^\w[\w.-]*$/ },
} as const satisfies Readonly<Record<string, SlugForm>>;

/** What a name is to be fit for. */
export type SlugFormat = keyof typeof FORMS;
export const SLUG_FORMATS = ['helm-release', 'kubernetes-namespace', 'docker-tag'] as const;

/** `-` and at most eight digits. */
const HASH_PART = 9;
/** Longest slug that suits every purpose. */
const SHORT = 42;

/** @param text not empty @returns the text where it is valid, else its slug */
export function slugify(text: string, format: SlugFormat): string {
  return isFit(text, format) ? text : hashed(text, FORMS[format].longest);
}

/** Can the text be used as it is? */
export function isFit(text: string, format: SlugFormat): boolean {
  const { longest, valid } = FORMS[format];
  return text.length <= longest && valid.test(text);
}

/** @returns the text where it holds only `a` to `z`, `0` to `9` and single `-` and is short, else its slug */
export function shortSlug(text: string): string {
  if (text === '' || (text.length <= SHORT && dashed(text) === text)) return text;
  return hashed(text, SHORT);
}

/** Readable part and hash: the slugs of different texts differ. */
function hashed(text: string, longest: number): string {
  const readable = dashed(text).slice(0, longest - HASH_PART);
  const hash = murmur3(text).toString(16);
  return readable === '' ? hash : `${readable}-${hash}`;
}

function dashed(text: string): string {
  return transliterated(text).replace(/-+/g, '-').replace(/^-|-$/g, '');
}
