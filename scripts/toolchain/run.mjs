// Bundles scripts/toolchain/main.ts and runs it: node scripts/toolchain/run.mjs ARGUMENTS
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const directory = dirname(fileURLToPath(import.meta.url));
const { outputFiles } = await build({
  absWorkingDir: directory,
  entryPoints: ['main.ts'],
  write: false,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  logLevel: 'warning',
});
const program = outputFiles[0]?.contents ?? new Uint8Array();
const work = await mkdtemp(join(tmpdir(), 'slipway-stapel-'));
try {
  await writeFile(join(work, 'stapel.cjs'), program);
  const { main } = await import(pathToFileURL(join(work, 'stapel.cjs')).href);
  const key = createHash('sha256').update(program).digest('hex');
  process.exitCode = await main(process.argv.slice(2), { directory, key });
} finally {
  await rm(work, { recursive: true, force: true });
}
