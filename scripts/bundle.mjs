// Bundles the command line into one file, dist/slipway.js.
// Modules that are imported by `import()` are part of the file too, but run only when they are asked for.
import { chmod, mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const target = join(root, 'dist', 'slipway.js');

/** Some libraries are CommonJS and load Node's own modules by `require`, which modules do not have. */
const REQUIRE = `import { createRequire as slipwayCreateRequire } from 'node:module';
const require = slipwayCreateRequire(import.meta.url);`;

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
  logLevel: 'warning',
});
await chmod(`${target}.new`, 0o755);
await rename(`${target}.new`, target);
