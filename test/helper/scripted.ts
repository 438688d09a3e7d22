import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type EngineProcess, type EngineStart, startEngine } from '../../src/helper/engine-process.ts';
import type { Settings } from '../../src/helper/protocol.ts';

/** A program that speaks the protocol and misbehaves as its environment says. */
export const SCRIPTED = fileURLToPath(new URL('fixtures/scripted-engine.mjs', import.meta.url));

/** A directory that is removed when the test has ended. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'slipway-test-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

export async function testSettings(): Promise<Settings> {
  return {
    insecureRegistry: false,
    skipTlsVerifyRegistry: false,
    dockerConfig: '',
    registryMirrors: [],
    networkParallelism: 0,
    offline: false,
    runDirectory: await temporaryDirectory(),
  };
}

/** Starts the scripted engine; it is closed when the test has ended. */
export async function scripted(script = '', over: Partial<EngineStart> = {}): Promise<EngineProcess> {
  const engine = await startEngine({
    program: SCRIPTED,
    store: false,
    version: '0.1.0',
    settings: await testSettings(),
    env: { PATH: process.env['PATH'], SCRIPT: script },
    grace: 1_000,
    mask: (line) => line,
    onLog: () => undefined,
    ...over,
  });
  onTestFinished(() => engine.close());
  return engine;
}
