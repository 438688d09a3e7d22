// Bundles the command line into one file: node scripts/bundle.mjs [FILE], default dist/slipway.js.
// Modules that are imported by `import()` are part of the file too, but run only when they are asked for.
// The program stands in it as text behind scripts/launcher.mjs, which compiles it with V8's cache of an earlier run.
import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

const scripts = dirname(fileURLToPath(import.meta.url));
const root = join(scripts, '..');
const target = resolve(process.argv[2] ?? join(root, 'dist', 'slipway.js'));

/** Messages of the schema library in languages that slipway does not speak are a quarter of the file. */
const withoutLocales = {
  name: 'without-locales',
  setup({ onLoad }) {
    onLoad({ filter: /\/zod\/v4\/locales\/index\.(?:js|cjs)$/ }, () => ({ contents: 'export {};' }));
  },
};

/** Names inside libraries are shortened, our own stay readable in traces. */
const shortLibraries = {
  name: 'short-libraries',
  setup({ onLoad }) {
    onLoad({ filter: /\/node_modules\/.*\.[cm]?js$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, 'utf8'), { minify: true, target: 'node20' });
      return { contents: code };
    });
  },
};

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts'],
  outfile: target,
  write: false,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  minifySyntax: true,
  minifyWhitespace: true,
  // Names stay readable in traces.
  minifyIdentifiers: false,
  legalComments: 'none',
  // What runs elsewhere is carried as text: imports that end in `?raw`.
  loader: { '.py': 'text' },
  plugins: [withoutLocales, shortLibraries],
  logLevel: 'warning',
});
const [bundled] = outputFiles;
if (!bundled) throw new Error('nothing was bundled');
// What is not ASCII is left in regular expressions alone; a text of ASCII takes half the memory.
const program = bundled.text
  .replace(/^#!.*\n/, '')
  .replace(/[^\t\n -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
const launcher = await readFile(join(scripts, 'launcher.mjs'), 'utf8');
const text = launcher
  .replace("'__KEY__'", () => JSON.stringify(createHash('sha256').update(program).digest('hex').slice(0, 24)))
  .replace("'__PROGRAM__'", () => JSON.stringify(program));

await mkdir(dirname(target), { recursive: true });
await writeFile(`${target}.new`, text);
await chmod(`${target}.new`, 0o755);
await rename(`${target}.new`, target);
