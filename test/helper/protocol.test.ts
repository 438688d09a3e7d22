import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, it } from 'vitest';

it("the engine's types are what the schema says", { timeout: 240_000 }, async () => {
  const script = fileURLToPath(new URL('../../scripts/generate-protocol', import.meta.url));
  const { exitCode, all } = await execa(script, ['--check'], { all: true, reject: false });
  expect(all).toBe('');
  expect(exitCode).toBe(0);
});
