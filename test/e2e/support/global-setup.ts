import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Builds once what all end-to-end tests run: the engine, the bundle, the base images. */
export function setup(): void {
  for (const [program, ...args] of [
    ['scripts/build-engine'],
    ['node', 'scripts/bundle.mjs'],
    ['node', 'scripts/test-images.mjs'],
  ]) {
    execFileSync(program ?? '', args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  }
}
