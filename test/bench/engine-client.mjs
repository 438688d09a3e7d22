// The engine without the command line in front of it: the checkout's own client of it, bundled, speaks to the program.
// Also usable alone: node test/bench/engine-client.mjs IMAGE REFERENCE      pushes from the store of CONTAINERS_STORAGE_CONF
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

export function enginePath(env) {
  return env.SLIPWAY_ENGINE || join(root, 'native', 'build', 'slipway-engine');
}

/** Reads the client once. @returns a function that starts an engine with its store open, see `session` */
export async function engineClient(work) {
  const bundle = join(work, 'engine-process.mjs');
  await build({
    entryPoints: [join(root, 'src/helper/engine-process.ts')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile: bundle,
    logLevel: 'error',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  const { startEngine } = await import(pathToFileURL(bundle).href);
  return (env, use) => session(startEngine, env, use);
}

/** Starts an engine, opens the store that `env` names, hands a function to call operations to `use`, ends the engine. */
async function session(startEngine, env, use) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const runDirectory = mkdtempSync(join(tmpdir(), 'run-'));
  const signal = new AbortController().signal;
  const settings = {
    insecureRegistry: false,
    skipTlsVerifyRegistry: false,
    dockerConfig: runDirectory,
    registryMirrors: [],
    networkParallelism: 0,
    offline: false,
    runDirectory,
  };
  const mask = (line) => line;
  const onLog = (line) => process.stderr.write(`engine: ${line}\n`);
  try {
    const program = enginePath(env);
    const engine = await startEngine({ program, store: true, version, settings, env, mask, onLog });
    try {
      const call = (operation, params) => engine.call(operation, { token: 'bench', ...params }, { signal });
      const open = { driver: 'overlay', mode: 'native-chroot', runtime: '', ulimits: [] };
      await engine.call('store.open', { ...open, compression: '', blobCache: 0 }, { signal });
      return await use(call);
    } finally {
      await engine.close();
    }
  } finally {
    rmSync(runDirectory, { recursive: true, force: true });
  }
}

async function pushOne(image, reference) {
  const work = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  try {
    const withEngine = await engineClient(work);
    await withEngine(process.env, async (call) => {
      const start = process.hrtime.bigint();
      const { digest, size } = await call('image.push', { image, reference });
      const seconds = Number(process.hrtime.bigint() - start) / 1e9;
      console.log(JSON.stringify({ seconds, digest, size }));
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [image, reference] = process.argv.slice(2);
  if (!reference) {
    console.error('usage: node test/bench/engine-client.mjs IMAGE REFERENCE');
    process.exit(2);
  }
  await pushOne(image, reference);
}
