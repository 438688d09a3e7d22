import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtImage } from './image.mjs';
import { makeProject } from './project.mjs';
import { startRegistry } from './registry.mjs';
import { lastLines, must, run } from './run.mjs';

/** Root of the checkout. */
export const ROOT = join(import.meta.dirname, '..', '..', '..');
const EQUIPMENT = join(import.meta.dirname, '..');

/**
 * What all parts of the matrix need: slipway as one directory, a registry, the sample projects; in one temporary directory.
 * @param {string[]} names of the projects
 */
export async function openWorkshop(names) {
  if (process.getuid() !== 0) throw new Error('this needs root: owners of files are compared');
  const directory = mkdtempSync(join(tmpdir(), 'slipway-everywhere-'));
  execFileSync('chmod', ['755', directory]);
  process.once('exit', () => removeTree(directory));
  const slipway = join(directory, 'slipway');
  const layout = (await must('node', [join(ROOT, 'scripts', 'test-images.mjs')])).trim();
  await must(equipment('packed'), [slipway]);
  for (const name of names) await makeProject(name, join(directory, 'projects', name));
  const registry = await startRegistry(layout);
  return {
    directory,
    slipway,
    registry,
    project: (name) => join(directory, 'projects', name),
    async close() {
      await registry.stop();
      removeTree(directory);
    },
  };
}

/** Path of a program beside this directory. */
export function equipment(program) {
  return join(EQUIPMENT, program);
}

/** Settings of git for repositories of other owners. */
export const ANY_OWNER = {
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'safe.directory',
  GIT_CONFIG_VALUE_0: '*',
};

/**
 * Builds a project as root on this machine, which others are compared with, into a store of its own.
 * @returns {Promise<{ reference: string, digest: string, layers: string[], seconds: number }>}
 * @throws Error with what the build printed last
 */
export async function buildOnHost(workshop, name) {
  const { code, output, repository, seconds } = await tryOnHost(workshop, name, { label: 'host' });
  if (code !== 0) throw new Error(`${name} could not be built on this machine:\n${lastLines(output, 40)}`);
  return { ...(await builtImage(repository)), seconds };
}

/**
 * Builds a project on this machine, into a store and a repository that are named by the label.
 * @param {{ label: string, user?: { name: string, uid: number, gid: number }, env?: Record<string, string> }} how user: root by default
 * @returns {Promise<{ code: number, output: string, repository: string, seconds: number }>}
 */
export async function tryOnHost(workshop, name, { label, user, env }) {
  const { directory, slipway, registry } = workshop;
  // A short name: paths of sockets are.
  const home = mkdtempSync(join(directory, 'h'));
  mkdirSync(join(home, 'run'), { mode: 0o700 });
  mkdirSync(join(home, 'tmp'));
  const storage = `[storage]\ndriver = "overlay"\ngraphroot = "${home}/images"\nrunroot = "${home}/run/images"\n`;
  writeFileSync(join(home, 'storage.conf'), storage);
  if (user) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, home]);
  const repository = `${registry.host}/${label}/${name}`;
  const become = user && ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--init-groups'];
  const as = become ? [...withFuse(join(home, 'tmp', 'fuse')), ...become] : [];
  const build = [join(slipway, 'bin', 'slipway'), 'build', '--repo', repository];
  const [program, ...args] = [...as, ...build, '--container-registry-mirror', `http://${registry.host}`];
  const { code, stdout, stderr, seconds } = await run(program, args, {
    cwd: workshop.project(name),
    env: {
      PATH: process.env.PATH,
      HOME: home,
      USER: user?.name ?? 'root',
      WERF_HOME: join(home, 'werf'),
      XDG_RUNTIME_DIR: join(home, 'run'),
      CONTAINERS_STORAGE_CONF: join(home, 'storage.conf'),
      TMPDIR: join(home, 'tmp'),
      ...ANY_OWNER,
      ...env,
    },
  });
  return { code, output: stdout + stderr, repository, seconds };
}

/** Runs what follows where everybody may open /dev/fuse, as udev has it on most machines, in mounts of its own. */
function withFuse(node) {
  const script = 'mknod -m 666 "$0" c 10 229 && mount --bind "$0" /dev/fuse && exec "$@"';
  return ['unshare', '--mount', '--propagation', 'slave', 'sh', '-c', script, node];
}

/** Removes a tree, and takes down first what is still mounted below it. */
function removeTree(path) {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${path}/`));
  for (const mount of mounts.reverse()) execFileSync('umount', ['-l', mount]);
  rmSync(path, { recursive: true, force: true });
}
