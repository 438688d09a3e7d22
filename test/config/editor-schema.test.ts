import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';

const ROOT = join(import.meta.dirname, '../..');
const CORPUS = join(import.meta.dirname, 'corpus');
const schema = JSON.parse(readFileSync(join(ROOT, 'docs/reference/werf.schema.json'), 'utf8'));
const validate = new Ajv({ allErrors: true, allowUnionTypes: true, strictTypes: false }).compile(schema);

/** What is wrong in the documents, as an editor would mark it. */
function marked(text: string): readonly string[] {
  return parseAllDocuments(text, { version: '1.1', merge: true }).flatMap((document) => {
    // Editors see dates as text.
    const value: unknown = JSON.parse(JSON.stringify(document.toJS()));
    if (value === null || validate(value)) return [];
    return (validate.errors ?? []).map(({ instancePath, message, params }) =>
      [instancePath, message, params['additionalProperty']].filter((part) => part !== undefined).join(' '),
    );
  });
}

/** The rendered text of a valid case. */
const renderedOf = (name: string) =>
  readFileSync(join(CORPUS, 'valid', `${name}.out`), 'utf8').split('\n======\n')[0] ?? '';
const writtenOf = (name: string) =>
  readFileSync(join(CORPUS, 'invalid', `${name}.txt`), 'utf8').replace(/^-- .* --\n/, '');

const VALID = readdirSync(join(CORPUS, 'valid'))
  .filter((name) => name.endsWith('.out'))
  .map((name) => name.slice(0, -'.out'.length));

describe('the schema for editors', () => {
  it.each(VALID)('accepts what is valid: %s', (name) => expect(marked(renderedOf(name))).toEqual([]));

  it('marks unknown fields wherever they are', () => {
    const found = marked(writtenOf('unknown-fields-everywhere')).filter((line) =>
      line.includes('additional'),
    );
    for (const field of ['buildd', 'keepPolicy', 'tarrget', 'argz', 'excludePath', 'ownr']) {
      expect(found.join('\n')).toContain(field);
    }
  });

  it.each(['types', 'stapel-mounts-wrong', 'cleanup-wrong', 'project-missing'])(
    'marks what is wrong: %s',
    (name) => expect(marked(writtenOf(name))).not.toEqual([]),
  );
});
