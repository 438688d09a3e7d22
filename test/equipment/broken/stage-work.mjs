import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../matrix/run.mjs';

const STAGE = join(import.meta.dirname, 'stage');
const SLIPWAY = '/opt/slipway/bin/slipway';

/** What an ordinary account has; root has less. */
const VARIABLES = {
  PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
  HOME: '/home/builder',
  USER: 'builder',
  XDG_RUNTIME_DIR: '/run/user-builder',
};
const OF_ROOT = { HOME: '/root', USER: 'root', XDG_RUNTIME_DIR: null };
const GIT = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' };
const ACCOUNT = ['--reuid', '4711', '--regid', '4711', '--clear-groups'];

/** Seconds for one command: what takes longer hangs. */
const PATIENCE = 60;

/**
 * Makes the environment and runs doctor for programs, doctor for people and a build in it.
 * @param {{ directory: string, slipway: string, filtered: string, crun: string, project: (name: string) => string }} workshop
 * @returns {Promise<{ json: Printed, doctor: Printed, build: Printed }>} each: `{ code, stdout, stderr, left }`
 */
export async function perform(workshop, environment) {
  const work = mkdtempSync(join(workshop.directory, 'stage-'));
  chmodSync(work, 0o755);
  try {
    mkdirSync(join(work, 'out'));
    for (const [name, target] of Object.entries({
      slipway: workshop.slipway,
      project: workshop.project(environment.project ?? 'run'),
      filtered: workshop.filtered,
      ...(environment.needs === 'crun' ? { crun: workshop.crun } : {}),
    }))
      symlinkSync(target, join(work, name));
    writeFileSync(join(work, 'environment'), script(workshop, environment));
    const options = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
    const made = await run('unshare', [...options, STAGE, work], { seconds: 4 * PATIENCE });
    if (made.code !== 0) throw new Error(`${environment.name}: ${made.stdout}${made.stderr}`);
    const printed = (name, kind) => readFileSync(join(work, 'out', `${name}.${kind}`), 'utf8');
    const outcome = (name) => ({
      code: Number(printed(name, 'status')),
      stdout: printed(name, 'out'),
      stderr: printed(name, 'err'),
      left: printed(name, 'left').trim(),
    });
    return { json: outcome('json'), doctor: outcome('doctor'), build: outcome('build') };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The environment in the words of the stage's shell. */
function script(
  workshop,
  { user = 'builder', setup = '', variables = {}, through = [], privileges = [], limits = [] },
) {
  const own = user === 'root' ? OF_ROOT : {};
  const given = Object.entries({ ...VARIABLES, ...GIT, ...own, ...variables }).filter(
    ([, value]) => value !== null,
  );
  const reach = through.map((word) => (word === 'filtered' ? '/run/stage/filtered' : word));
  const limited = limits.length > 0 ? ['prlimit', ...limits] : [];
  const build = `${SLIPWAY} build --container-registry-mirror http://${workshop.registry.host}`;
  return [
    `setup() {\n:\n${setup}\n}`,
    `variables=(${given.map(([name, value]) => quote(`${name}=${value}`)).join(' ')})`,
    `through=(${[...limited, ...reach].map(quote).join(' ')})`,
    `privileges=(${[...(user === 'root' ? [] : ACCOUNT), ...privileges].map(quote).join(' ')})`,
    `commands=([json]=${quote(`${SLIPWAY} doctor --json`)} [doctor]=${quote(`${SLIPWAY} doctor`)} [build]=${quote(build)})`,
    `patience=${PATIENCE}`,
    '',
  ].join('\n');
}

function quote(word) {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
