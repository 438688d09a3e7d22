import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runDirectory } from '../../src/cli/run-directory.ts';
import { thisProcess } from '../../src/concurrency/process-identity.ts';

/** Nothing in these directories belongs to others. */
async function never(path: string): Promise<void> {
  throw new Error(`${path} was not removed`);
}

/** Can a file be made that nobody may remove, not even root? */
function canPin(): boolean {
  const probe = mkdtempSync(join(tmpdir(), 'pin-'));
  const pinned = spawnSync('chattr', ['+i', probe]).status === 0;
  spawnSync('chattr', ['-i', probe]);
  rmSync(probe, { recursive: true });
  return pinned;
}

describe('the directory of a run', () => {
  let parent = '';
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'parent-'));
  });
  afterEach(() => rm(parent, { recursive: true }));

  it('is made at its first use, once, and private', async () => {
    const directory = runDirectory(join(parent, 'tmp'), never);
    expect(await readdir(parent)).toEqual([]);
    const [path, again] = await Promise.all([directory.path(), directory.path()]);
    expect(again).toBe(path);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  it('is removed with everything in it, and only then', async () => {
    const directory = runDirectory(parent, never);
    await directory.remove();
    await writeFile(join(await directory.path(), 'file'), '');
    await directory.remove();
    expect(await readdir(parent)).toEqual([]);
  });

  it('is removed by a later run when its own was killed, and by none while that goes on', async () => {
    const mine = await thisProcess();
    const [boot, namespace, id, start] = mine.split(' ');
    const owners = {
      'werf-alive': mine,
      'werf-dead': [boot, namespace, '4194305', start].join(' '),
      'werf-number-given-again': [boot, namespace, id, '1'].join(' '),
      'werf-other-boot': ['other', namespace, '4194305', start].join(' '),
      'werf-other-container': [boot, 'pid:[1]', '4194305', start].join(' '),
      'werf-odd': 'nonsense',
      'else-dead': [boot, namespace, '4194305', start].join(' '),
    };
    for (const [name, owner] of Object.entries(owners)) {
      await mkdir(join(parent, name, 'below'), { recursive: true });
      await writeFile(join(parent, name, 'owner'), owner);
    }
    const directory = runDirectory(parent, never);
    await directory.path();
    await directory.remove();
    expect(await readdir(parent)).toEqual(
      ['else-dead', 'werf-alive', 'werf-odd', 'werf-other-boot', 'werf-other-container'].sort(),
    );
  });

  it.skipIf(!canPin())('leaves to others what it cannot remove itself', async () => {
    const given: string[] = [];
    const directory = runDirectory(parent, async (path, run) => {
      given.push(path.slice(run.length));
      execFileSync('chattr', ['-i', path]);
      await rm(path);
    });
    const path = join(await directory.path(), 'stubborn');
    await writeFile(path, '');
    execFileSync('chattr', ['+i', path]);
    await directory.remove();
    expect(given).toEqual(['/stubborn']);
    expect(await readdir(parent)).toEqual([]);
  });

  it('refuses a place that cannot be used, or is too deep for sockets', async () => {
    await writeFile(join(parent, 'file'), '');
    await expect(runDirectory(join(parent, 'file'), never).path()).rejects.toMatchObject({
      code: 'TMP_DIR_UNUSABLE',
    });
    const deep = join(parent, 'x'.repeat(90));
    await expect(runDirectory(deep, never).path()).rejects.toMatchObject({ code: 'TMP_DIR_TOO_LONG' });
  });
});
