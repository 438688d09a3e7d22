// Bundles the service with what it needs of node_modules into dist/server.cjs.
import { readFile, rm } from 'node:fs/promises';
import { build } from 'esbuild';

const { target, title } = JSON.parse(await readFile('build.json', 'utf8'));
await rm('dist', { recursive: true, force: true });
await build({
  entryPoints: ['src/server.js'],
  outfile: 'dist/server.cjs',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target,
  minify: true,
  define: { TITLE: JSON.stringify(title) },
});
