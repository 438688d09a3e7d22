import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type EngineClient, engineClient } from '../../src/helper/engine-client.ts';
import { startEngine } from '../../src/helper/engine-process.ts';
import { locateEngine } from '../../src/helper/locate-engine.ts';
import { PROTOCOL_VERSION } from '../../src/helper/protocol.ts';
import { temporaryDirectory, testSettings } from './scripted.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface RealEngine {
  readonly engine: EngineClient;
  readonly runDirectory: string;
  /** Process ids of the engines started so far. */
  readonly pids: readonly number[];
  /** Lines of their logs. */
  readonly log: readonly string[];
}

/** The checkout's engine (scripts/build-engine) with a home and a store of its own; ended with the test. */
export async function realEngine(): Promise<RealEngine> {
  const home = await temporaryDirectory();
  const settings = await testSettings();
  const env = await ownEnvironment(home);
  const pids: number[] = [];
  const log: string[] = [];
  const start = async (store: boolean) => {
    const engine = await startEngine({
      program: await locateEngine({ override: '', cwd: home, program: MAIN, architecture: 'x64' }),
      store,
      version: '0.1.0',
      settings,
      env,
      mask: (line) => line,
      onLog: (line) => log.push(line),
    });
    pids.push(await pidOf(engine));
    return engine;
  };
  const engine = engineClient(start);
  onTestFinished(() => engine.close());
  return { engine, runDirectory: settings.runDirectory, pids, log };

  async function pidOf({ call }: Awaited<ReturnType<typeof startEngine>>): Promise<number> {
    const hello = { protocol: PROTOCOL_VERSION, version: '0.1.0', settings };
    return (await call('hello', hello, { signal: new AbortController().signal })).pid;
  }
}

async function ownEnvironment(home: string): Promise<Readonly<Record<string, string>>> {
  const runtime = join(home, 'run');
  await mkdir(runtime, { mode: 0o700 });
  const conf = join(home, 'storage.conf');
  const roots = `graphroot = "${join(home, 'storage')}"\nrunroot = "${join(runtime, 'storage')}"\n`;
  await writeFile(conf, `[storage]\ndriver = "overlay"\n${roots}`);
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    XDG_RUNTIME_DIR: runtime,
    CONTAINERS_STORAGE_CONF: conf,
  };
}
