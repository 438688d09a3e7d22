import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

const root = fileURLToPath(new URL('../../..', import.meta.url));

declare module 'vitest' {
  interface ProvidedContext {
    /** Directory laid out as a checkout, with the bundle and the engine, that any user can read. */
    programs: string;
  }
}

/** Builds once what all end-to-end tests run: the engine, the bundle, the base images. */
export function setup(project: TestProject): () => void {
  for (const [program, ...args] of [
    ['scripts/build-engine'],
    ['node', 'scripts/bundle.mjs'],
    ['node', 'scripts/test-images.mjs'],
  ]) {
    execFileSync(program ?? '', args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  const programs = mkdtempSync(join(tmpdir(), 'slipway-programs-'));
  chmodSync(programs, 0o755);
  mkdirSync(join(programs, 'native', 'build'), { recursive: true });
  cpSync(join(root, 'dist'), join(programs, 'dist'), { recursive: true });
  cpSync(join(root, 'native/build/slipway-engine'), join(programs, 'native/build/slipway-engine'));
  project.provide('programs', programs);
  return () => rmSync(programs, { recursive: true, force: true });
}
