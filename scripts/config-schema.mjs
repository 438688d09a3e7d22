// Generates what editors and readers need from the schema of werf.yaml (src/config/schema):
// docs/reference/werf.schema.json and docs/reference/configuration.md.
// Usage: node scripts/config-schema.mjs [--check]    --check: change nothing, exit 1 if the committed files differ
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { z } from 'zod';

const root = fileURLToPath(new URL('..', import.meta.url));

const { MetaSection, DockerfileSection, StapelSection } = await load(`
  export { MetaSection } from './src/config/schema/meta-section.ts';
  export { DockerfileSection } from './src/config/schema/dockerfile-section.ts';
  export { StapelSection } from './src/config/schema/stapel-section.ts';
`);

const documents = [
  ['Project', 'has `configVersion`; one document of this kind is needed', MetaSection],
  ['Dockerfile image', 'has `dockerfile`', DockerfileSection],
  ['Stapel image', 'has `image` or `artifact`, and no `dockerfile`', StapelSection],
];

const files = new Map([
  ['docs/reference/werf.schema.json', `${JSON.stringify(editorSchema(), null, 2)}\n`],
  ['docs/reference/configuration.md', referenceTable()],
]);
let stale = false;
for (const [path, text] of files) {
  const file = join(root, path);
  if (!process.argv.includes('--check')) await writeFile(file, text);
  else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
    process.stderr.write(`${path} is not what src/config/schema says: run node scripts/config-schema.mjs\n`);
    stale = true;
  }
}
process.exitCode = stale ? 1 : 0;

async function load(contents) {
  // Inside the checkout, so that the bundle finds the same zod as this script.
  const directory = await mkdtemp(join(root, 'node_modules', '.config-schema-'));
  try {
    const outfile = join(directory, 'schema.mjs');
    const stdin = { contents, resolveDir: root, loader: 'ts' };
    await build({ stdin, outfile, bundle: true, format: 'esm', platform: 'node', packages: 'external' });
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** What a schema is, without what wraps it; the outermost note wins. */
function opened(schema) {
  const notes = {};
  for (let inner = schema; ; ) {
    const { def } = inner._zod;
    for (const [key, value] of Object.entries(z.globalRegistry.get(inner) ?? {})) notes[key] ??= value;
    if (def.type === 'optional' || def.type === 'default') {
      notes.isOptional = true;
      if (def.type === 'default') notes.defaultValue ??= def.defaultValue;
      inner = def.innerType;
    } else if (def.type === 'pipe') inner = def.out;
    else return { inner, def, notes };
  }
}

function jsonSchemaOf(schema) {
  const { def, notes } = opened(schema);
  const { description, deprecated, defaultValue, editor } = notes;
  const common = {
    ...(description === undefined ? {} : { description }),
    ...(deprecated ? { deprecated } : {}),
    ...(defaultValue === undefined ? {} : { default: defaultValue }),
  };
  if (def.type === 'object') {
    const fields = Object.entries(def.shape);
    const required = fields.filter(([, field]) => isRequired(field)).map(([name]) => name);
    return {
      ...common,
      type: 'object',
      properties: Object.fromEntries(
        fields.map(([name, field]) => [name, orNull(jsonSchemaOf(field), field)]),
      ),
      additionalProperties: false,
      ...(required.length > 0 ? { required } : {}),
    };
  }
  if (def.type === 'array') return { ...common, type: 'array', items: jsonSchemaOf(def.element) };
  if (def.type === 'record') {
    return { ...common, type: 'object', additionalProperties: jsonSchemaOf(def.valueType) };
  }
  return { ...common, ...(editor ?? {}) };
}

/** A field that may be left out may be null as well. */
function orNull(schema, field) {
  if (!opened(field).notes.isOptional || Object.keys(schema).every((key) => key === 'description'))
    return schema;
  const { description, deprecated, ...rest } = schema;
  return {
    ...(description === undefined ? {} : { description }),
    ...(deprecated ? { deprecated } : {}),
    anyOf: [rest, { type: 'null' }],
  };
}

function isRequired(field) {
  return !opened(field).notes.isOptional;
}

function editorSchema() {
  const [project, dockerfile, stapel] = documents.map(([, , schema]) => jsonSchemaOf(schema));
  const has = (name) => ({ required: [name] });
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'werf.yaml',
    description: 'One document of a configuration of container images.',
    type: 'object',
    if: has('configVersion'),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: project,
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    else: { if: has('dockerfile'), then: dockerfile, else: stapel },
  };
}

function referenceTable() {
  const parts = [
    '# Fields of werf.yaml',
    '',
    'Generated from the schema by `node scripts/config-schema.mjs`. `[]` stands for each entry of a list.',
    '',
    'Editors with a YAML language server complete and check the file with this line at the top of each document:',
    '',
    '```yaml',
    '# yaml-language-server: $schema=node_modules/slipway/werf.schema.json',
    '```',
    '',
  ];
  for (const [title, what, schema] of documents) {
    parts.push(`## ${title}`, '', `The document ${what}.`, '');
    parts.push('| field | type | default | meaning |', '| --- | --- | --- | --- |');
    parts.push(...rowsOf(schema, ''), '');
  }
  return `${parts.join('\n').trimEnd()}\n`;
}

function rowsOf(schema, prefix) {
  const { def } = opened(schema);
  if (def.type === 'array') return rowsOf(def.element, `${prefix}[]`);
  if (def.type !== 'object') return [];
  return Object.entries(def.shape).flatMap(([name, field]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const { notes } = opened(field);
    const text = (notes.description ?? '').replaceAll('|', '\\|');
    return [`| \`${path}\` | ${typeText(field)} | ${defaultText(field)} | ${text} |`, ...rowsOf(field, path)];
  });
}

function defaultText(field) {
  const { notes } = opened(field);
  if (notes.defaultText) return notes.defaultText;
  if (notes.defaultValue !== undefined) return `\`${JSON.stringify(notes.defaultValue)}\``;
  return isRequired(field) || notes.required ? 'required' : '';
}

function typeText(field) {
  const { def, notes } = opened(field);
  if (def.type === 'object' || def.type === 'record') return 'mapping';
  if (def.type === 'array') {
    const inner = typeText(def.element);
    return inner === 'mapping' ? 'list of mappings' : `list of ${inner}s`;
  }
  return editorText(notes.editor ?? {});
}

function editorText({ type, enum: words, const: only, anyOf, items }) {
  if (words) return words.map((word) => `\`${word}\``).join(', ');
  if (only !== undefined) return `\`${only}\``;
  if (anyOf) return [...new Set(anyOf.map(editorText))].join(' or ');
  if (Array.isArray(type)) {
    const named = type.filter((each) => each !== 'null');
    return named.includes('string') && named.length > 1 && !named.includes('object')
      ? 'string'
      : named.join(' or ');
  }
  if (type === 'array') return `list of ${editorText(items ?? {})}s`;
  return type === 'object' ? 'mapping' : (type ?? 'any');
}
