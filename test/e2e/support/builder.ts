import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';

const programs = inject('programs');
const PROGRAM = join(programs, 'dist', 'slipway.js');
const ENGINE = join(programs, 'native', 'build', 'slipway-engine');

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Somebody with a home and a store of their own, who runs slipway. */
export interface Builder {
  readonly home: string;
  /** The bundled command line, for Node.js. */
  readonly program: string;
  /** Directory of the images. */
  readonly graphRoot: string;
  run(args: readonly string[], options: RunOptions): Promise<Outcome>;
  start(args: readonly string[], options: RunOptions): ChildProcessWithoutNullStreams;
  /** Starts another program as the same user in the same environment. */
  startOther(program: string, args: readonly string[], options: RunOptions): ChildProcessWithoutNullStreams;
  /** Runs another program as the same user in the same environment. */
  other(program: string, args: readonly string[], options?: { readonly input?: string }): string;
  /** Names of containers in the store. */
  containers(): Promise<readonly string[]>;
  /** What engines have half made in the store: places of commands, staging directories, files of recipes and of blobs. */
  halfMade(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

/** An ordinary user for tests; made where it is missing. */
const USER = 'slipway-test';
/** The same without ranges of ids. */
const SINGLE = 'slipway-test-single';

/** Every way to run steps, as somebody who gets it. */
export const RUNGS: Readonly<Record<string, BuilderOptions>> = {
  'native-rootless': { user: 'ordinary', env: { WERF_BUILDAH_MODE: 'native-rootless' } },
  'native-chroot as root': { env: { WERF_BUILDAH_MODE: 'native-chroot' } },
  'native-chroot as a user': { user: 'ordinary', env: { WERF_BUILDAH_MODE: 'native-chroot' } },
  'native-chroot with one id': { user: 'single' },
  'plain-chroot': { env: { WERF_BUILDAH_MODE: 'plain-chroot' } },
};

export interface BuilderOptions {
  /** An ordinary user has ranges of ids; `single` has none. */
  readonly user?: 'root' | 'ordinary' | 'single';
  /** Further variables of the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Another ordinary user, who exists. */
  readonly name?: string;
  /** Where the store lies; in the home by default. */
  readonly graphRoot?: string;
}

export async function makeBuilder({
  user = 'root',
  name = user === 'single' ? SINGLE : USER,
  env: special = {},
  graphRoot,
}: BuilderOptions = {}): Promise<Builder> {
  const ids = user === 'root' ? null : ordinaryUser(name, user === 'ordinary');
  const home = await mkdtemp(join(tmpdir(), 'slipway-home-'));
  const graph = graphRoot ?? join(home, 'graph');
  await mkdir(join(home, 'run'), { mode: 0o700 });
  await writeFile(
    join(home, 'storage.conf'),
    `[storage]\ndriver = "overlay"\ngraphroot = "${graph}"\nrunroot = "${home}/run/containers"\n`,
  );
  if (ids) for (const path of [home, join(home, 'run')]) await chown(path, ids.uid, ids.gid);
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    USER: ids ? name : 'root',
    WERF_HOME: join(home, 'werf'),
    XDG_RUNTIME_DIR: join(home, 'run'),
    CONTAINERS_STORAGE_CONF: join(home, 'storage.conf'),
    TMPDIR: tmpdir(),
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_CONFIG_VALUE_0: '*',
    ...special,
  };
  const as = ids ?? {};
  const startOther: Builder['startOther'] = (program, args, options) =>
    spawn(program, args, { cwd: options.cwd, env: { ...env, ...options.env }, ...as });
  const start: Builder['start'] = (args, options) =>
    startOther(process.execPath, [PROGRAM, ...args], options);
  return {
    home,
    program: PROGRAM,
    graphRoot: graph,
    start,
    startOther,
    run: (args, options) => outcomeOf(start(args, options)),
    other: (program, args, { input } = {}) =>
      execFileSync(program, args, {
        cwd: home,
        env,
        encoding: 'utf8',
        ...as,
        ...(input === undefined ? {} : { input }),
      }),
    async containers() {
      const lists = await Promise.all(
        DRIVERS.map((driver) =>
          readFile(join(graph, `${driver}-containers`, 'containers.json'), 'utf8').catch(() => '[]'),
        ),
      );
      return lists
        .flatMap((list) => JSON.parse(list) as { names?: string[] }[])
        .flatMap(({ names }) => names ?? ['unnamed']);
    },
    async halfMade() {
      const names = (directory: string) => readdir(join(graph, directory)).catch(() => [] as string[]);
      const named = async (driver: string, file: string) => {
        const text = await readFile(join(graph, `${driver}-layers`, file), 'utf8').catch(() => '[]');
        return (JSON.parse(text) as { names?: string[] }[]).flatMap((layer) => layer.names ?? []);
      };
      const ofDrivers = DRIVERS.flatMap((driver) => [
        named(driver, 'layers.json'),
        named(driver, 'volatile-layers.json'),
        names(`${driver}/staging`),
      ]);
      const blobs = (await names('slipway-blobs')).filter((name) => name.startsWith('.'));
      return [
        ...(await Promise.all(ofDrivers)).flat(),
        ...(await names('slipway-scratch')),
        ...(await names('slipway-owners')),
        ...blobs,
      ];
    },
    async remove() {
      for (const path of [graph, home]) removeStore(path);
      await rm(home, { recursive: true, force: true });
    },
  };
}

function outcomeOf(child: ChildProcessWithoutNullStreams): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  child.stdin.end();
  child.stdout.on('data', (data: Buffer) => (stdout += data));
  child.stderr.on('data', (data: Buffer) => (stderr += data));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}

/** Root removes what subordinate ids own; what is still mounted below goes first. */
function removeStore(path: string): void {
  const mounts = execFileSync('awk', ['{print $2}', '/proc/mounts'], { encoding: 'utf8' });
  for (const mount of mounts
    .split('\n')
    .filter((point) => point.startsWith(`${path}/`))
    .reverse()) {
    execFileSync('umount', ['-l', mount]);
  }
  execFileSync('rm', ['-rf', path]);
}

/** Drivers that the tests' stores have. */
const DRIVERS = ['overlay', 'plain'] as const;

function ordinaryUser(name: string, ranges: boolean): { readonly uid: number; readonly gid: number } {
  const id = (flag: string) =>
    Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    execFileSync('useradd', [
      '--system',
      '--no-create-home',
      ...(ranges ? ['--add-subids-for-system'] : []),
      '--shell',
      '/bin/sh',
      name,
    ]);
    return { uid: id('-u'), gid: id('-g') };
  }
}

/** Engines that are still running. */
export function runningEngines(): readonly string[] {
  const list = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' });
  return list.split('\n').filter((line) => line.includes(ENGINE));
}
