// Programs run to their end, with and without a clock.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @returns what it wrote on standard output, trimmed. @throws with the last lines of its errors when it fails */
export function run(program, args, env) {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, {
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (error) throw error;
  if (status !== 0) {
    const last = stderr.trim().split('\n').slice(-5).join('\n');
    throw new Error(`${program} ${args.join(' ')}: ${signal ?? `exit status ${status}`}\n${last}`);
  }
  return stdout.trim();
}

/**
 * Everything that waits to be written is on the disk before the clock starts, so nobody pays for what was prepared.
 * @returns seconds of the wall, seconds of processors, and MiB of the largest process, as `time` saw them
 */
export function timed(work, program, args, env) {
  const report = join(work, 'time');
  run('sync', [], env);
  const seconds = clock(() => run('time', ['-q', '-o', report, '-f', '%U %S %M', program, ...args], env));
  const [user, system, kibibytes] = readFileSync(report, 'utf8').trim().split(' ').map(Number);
  return { seconds, cpu: user + system, rss: kibibytes / 1024 };
}

export function clock(work) {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

/** @returns the program's path in the directories, or '' */
export function find(name, directories) {
  for (const directory of directories) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next one may have it.
    }
  }
  return '';
}
