// Bundles the command line into one file: node scripts/bundle.mjs [FILE], default dist/slipway.js.
// Modules that are imported by `import()` are part of the file too, but run only when they are asked for.
import { chmod, mkdir, readFile, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const target = resolve(process.argv[2] ?? join(root, 'dist', 'slipway.js'));

/** Some libraries are CommonJS and load Node's own modules by `require`, which modules do not have. */
const REQUIRE = `import { createRequire as slipwayCreateRequire } from 'node:module';
const require = slipwayCreateRequire(import.meta.url);`;

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
    onLoad({ filter: /\/node_modules\/.*\.m?js$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, 'utf8'), { minify: true, target: 'node20' });
      return { contents: code };
    });
  },
};

await mkdir(dirname(target), { recursive: true });
await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts'],
  outfile: `${target}.new`,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  minifySyntax: true,
  minifyWhitespace: true,
  // Names stay readable in traces.
  minifyIdentifiers: false,
  legalComments: 'none',
  banner: { js: REQUIRE },
  plugins: [withoutLocales, shortLibraries],
  logLevel: 'warning',
});
await chmod(`${target}.new`, 0o755);
await rename(`${target}.new`, target);
