import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

const program = (name: string) => join(import.meta.dirname, name);

/** Made once and kept in the cache. */
const MAKING = 300_000;

function container(options: readonly string[], script: string) {
  return spawnSync(program('ci-container'), [...options, 'ci', 'sh', '-c', script], { encoding: 'utf8' });
}

describe('a container as CI jobs get it', () => {
  beforeAll(() => void execFileSync(program('machine'), ['ci']), MAKING);

  it('refuses namespaces and mounts under the profile of Docker, and leaves chroot, mknod and chown', () => {
    const { stdout, stderr } = container(
      [],
      `unshare --user true || echo no namespace
       mount -t tmpfs none /mnt || echo no mount
       mknod /tmp/null c 1 3 && chown 33:33 /tmp/null && chroot / stat -c '%u %F' /tmp/null
       grep CapEff /proc/self/status`,
    );
    // What Docker gives: its fourteen capabilities.
    expect(stdout).toBe('no namespace\nno mount\n33 character special file\nCapEff:\t00000000a80425fb\n');
    expect(stderr).toContain('Operation not permitted');
  });

  it('lets a user make a namespace of one id where there is no profile', () => {
    const options = ['--seccomp', 'unconfined', '--user', '1000'];
    const { stdout } = container(
      options,
      'unshare --user --map-root-user id -u; command -v newuidmap || echo no newuidmap',
    );
    expect(stdout).toBe('0\nno newuidmap\n');
  });

  it('can be read-only, but for what is mounted', () => {
    const options = ['--read-only', '--tmpfs', '/writable', '--env', 'NAME=value', '--workdir', '/writable'];
    const { stdout } = container(
      options,
      'touch here && ls; touch /tmp/there 2>/dev/null || echo refused; echo $NAME',
    );
    expect(stdout).toBe('here\nrefused\nvalue\n');
  });

  it('ends as its command does', () => {
    expect(container([], 'exit 7').status).toBe(7);
  });
});

describe('a virtual machine', () => {
  beforeAll(() => {
    for (const version of ['5.10', '6.12']) execFileSync(program('kernel'), [version]);
    execFileSync(program('machine'), ['host-disk']);
  }, MAKING);
  const boot = (...args: string[]) => spawnSync(program('kernel-lab'), args, { encoding: 'utf8' });

  it('runs a command as a user on an old kernel, with settings, without modules', {
    timeout: 120_000,
  }, () => {
    const script = `uname -r; id -un; cat /proc/sys/user/max_user_namespaces; grep -c overlay /proc/filesystems; echo "it's $HOME"; exit 3`;
    const options = ['--user', 'builder', '--sysctl', 'user.max_user_namespaces=1000', '--modules', ''];
    const { stdout, status } = boot(...options, '5.10', 'sh', '-c', script);
    expect(stdout).toMatch(/^5\.10\.\S+\nbuilder\n1000\n0\nit's \/home\/builder\n$/);
    expect(status).toBe(3);
  });

  it('has modules, devices and volumes', { timeout: 120_000 }, () => {
    const volume = ['--volume', `${program('projects')}:/given`];
    const script =
      'grep -c overlay /proc/filesystems; test -c /dev/fuse && echo fuse; ls /given/no-run/Dockerfile';
    const { stdout, stderr } = boot(...volume, '6.12', 'sh', '-c', script);
    expect(stdout, stderr).toBe('1\nfuse\n/given/no-run/Dockerfile\n');
    expect(stderr).toMatch(/^kernel-lab: 6\.12\S+; command after [\d.]+ s, \d+ s in all; of \d+ MiB memory/m);
    expect(boot('--no-fuse-device', '6.12', 'test', '-e', '/dev/fuse').status).toBe(1);
  });
});
