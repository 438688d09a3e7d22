import { parseArgs } from 'node:util';
import { runBroken } from './broken.mjs';
import { runContainers } from './containers.mjs';
import { runKernels } from './kernels.mjs';
import { endTidily } from './run.mjs';
import { runRungs } from './rungs.mjs';

const USAGE = `usage: scripts/everywhere containers|kernels|rungs|broken [--only PATTERN]... [--no-docs]
  containers  builds in containers as CI jobs get them, compares with what root builds on this machine
  kernels     doctor and builds on Debian's kernels 5.10, 6.1 and 6.12 in virtual machines
  rungs       the same projects on all rungs with all drivers of this machine, layers compared
  broken      doctor and builds in environments that are broken on purpose, for docs/broken-environments.md
  --only      cases whose name matches a regular expression; the rows of others stay as they are in docs/where-it-runs.md
  --no-docs   docs/where-it-runs.md stays as it is
Needs root and what scripts/setup --test installs. Exit code 1: not all was right.
`;

const PARTS = { containers: runContainers, kernels: runKernels, rungs: runRungs, broken: runBroken };

function options() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { only: { type: 'string', multiple: true }, 'no-docs': { type: 'boolean' } },
    });
  } catch {
    return { positionals: [], values: {} };
  }
}

const { positionals, values } = options();
const part = PARTS[positionals[0] ?? ''];
if (!part || positionals.length !== 1) {
  process.stderr.write(USAGE);
  process.exit(2);
}
endTidily();
const patterns = (values.only ?? []).map((pattern) => new RegExp(pattern));
const wanted = (name) => patterns.length === 0 || patterns.some((pattern) => pattern.test(name));
const right = await part(wanted, (line) => process.stdout.write(`${line}\n`), values['no-docs'] !== true);
process.exitCode = right ? 0 : 1;
