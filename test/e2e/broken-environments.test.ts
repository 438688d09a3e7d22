import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

const MATRIX = join(import.meta.dirname, '..', 'equipment', 'matrix', 'main.mjs');

/** Those that differ most, and need nothing from a network; `scripts/everywhere broken` runs them all. */
const NAMES = [
  'no line in /etc/subuid',
  'newuidmap without setuid bit',
  'max_user_namespaces=0',
  'moved by chroot',
  'seccomp kills at unshare and clone',
  'seccomp refuses mount and unshare, root',
  'no /proc, root',
  'store on a full file system',
  'store that fills up during the build',
  'store of another driver',
  '/tmp full',
  'HOME read-only',
  'no /dev/null',
  'container root without CAP_MKNOD',
  'WERF_BUILDAH_ULIMIT above the hard limit',
  'native-rootless asked for in a container without namespaces',
  'crun that refuses hybrid control groups',
  'git not installed',
];

describe('in a broken environment, doctor names the cause and the fix, and build says the same', () => {
  let printed = '';
  beforeAll(async () => {
    const only = NAMES.flatMap((name) => ['--only', `^${name.replaceAll(/[/.]/g, '\\$&')}$`]);
    // Exit code 1 where one is wrong: the lines tell which.
    const { stdout } = await promisify(execFile)(process.execPath, [
      MATRIX,
      'broken',
      '--no-docs',
      ...only,
    ]).catch((failure: { stdout?: string; stderr?: string }) => ({
      stdout: `${failure.stdout}${failure.stderr}`,
    }));
    printed = stdout;
  });

  it.each(NAMES)('%s', (name) => {
    const from = printed.indexOf(`  ${name}\n`);
    const told = printed.slice(from - 'right'.length).split(/\n(?=right {2}|WRONG {2}|\d+ environments)/)[0];
    expect(from, printed).toBeGreaterThan(0);
    expect(told).toBe(`right  ${name}`);
  });
});
