// Writes the manifests of both npm packages: node scripts/package-manifests.mjs DIRECTORY
// DIRECTORY/slipway/package.json and DIRECTORY/slipway-engine-linux-ARCH/package.json, of one version.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [target] = process.argv.slice(2);
if (!target) {
  process.stderr.write('usage: node scripts/package-manifests.mjs DIRECTORY\n');
  process.exit(2);
}
const { name, version, description, license, type, engines, os, bin, files } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);
const engine = `slipway-engine-linux-${process.arch}`;

function write(packageName, manifest) {
  mkdirSync(join(target, packageName), { recursive: true });
  writeFileSync(join(target, packageName, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

write(name, {
  name,
  version,
  description,
  license,
  type,
  engines,
  os,
  bin,
  files,
  optionalDependencies: { [engine]: version },
});
write(engine, {
  name: engine,
  version,
  description: `The engine of ${name} for Linux on ${process.arch}.`,
  license,
  os: ['linux'],
  cpu: [process.arch],
  files: ['slipway-engine', 'LICENSE', 'NOTICE'],
});
