// How long the command line needs to start, beside what Node.js needs for nothing.
// Usage: node test/bench/start.mjs [RUNS]      prints the least of RUNS (20), in pairs, and the ratio
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const slipway = fileURLToPath(new URL('../../dist/slipway.js', import.meta.url));
const runs = Number(process.argv[2] ?? 20);

function timed(args) {
  const start = process.hrtime.bigint();
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

const least = { nothing: Infinity, version: Infinity };
for (let run = 0; run < runs; run++) {
  least.nothing = Math.min(least.nothing, timed(['-e', '0']));
  least.version = Math.min(least.version, timed([slipway, 'version']));
}
const ratio = (least.version / least.nothing).toFixed(2);
console.log(
  `node -e 0: ${least.nothing.toFixed(0)} ms, slipway version: ${least.version.toFixed(0)} ms, ratio ${ratio}`,
);
