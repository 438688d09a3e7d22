import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { machineLocks } from '../../src/locks/machine/machine-locks.ts';
import { optionalLocks } from '../../src/locks/optional-locks.ts';
import { temporaryDirectory } from '../helper/scripted.ts';

const never = new AbortController().signal;

describe('locks that can be done without', () => {
  it('are no reason to fail where their directory cannot be made: one warning', async () => {
    const file = join(await temporaryDirectory(), 'file');
    await writeFile(file, '');
    const warnings: string[] = [];
    const locks = optionalLocks(machineLocks(join(file, 'locks')), file, ({ message }) =>
      warnings.push(message),
    );
    const work = () => locks.hold('a', never, async ({ lost }) => lost.aborted);
    expect(await Promise.all([work(), work()])).toEqual([true, true]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`no locks can be had in ${file}: ENOTDIR`);
  });

  it('do not hide that the work fails, nor do it twice', async () => {
    const locks = optionalLocks(machineLocks(await temporaryDirectory()), 'here', () => expect.unreachable());
    let times = 0;
    const work = async () => {
      times++;
      throw new Error('broken');
    };
    await expect(locks.hold('a', never, work)).rejects.toThrow('broken');
    expect(times).toBe(1);
  });
});
