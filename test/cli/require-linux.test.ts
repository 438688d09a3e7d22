import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requireLinux } from '../../src/cli/require-linux.ts';

describe('the kernel that is needed', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'kernel-'));
    await mkdir(join(root, 'proc', 'sys', 'kernel'), { recursive: true });
  });
  afterEach(() => rm(root, { recursive: true }));

  const release = (text: string) => writeFile(join(root, 'proc', 'sys', 'kernel', 'osrelease'), `${text}\n`);

  it.each(['6.1.0-18-amd64', '5.15.146.1-microsoft-standard-WSL2'])('is there with %s', async (text) => {
    await release(text);
    await expect(requireLinux({ platform: 'linux' }, root)).resolves.toBeUndefined();
  });

  it('is not there in the first version of WSL', async () => {
    await release('4.4.0-19041-Microsoft');
    await expect(requireLinux({ platform: 'linux' }, root)).rejects.toMatchObject({
      code: 'WSL1',
      hint: 'convert this distribution: `wsl --set-version <distro> 2`',
    });
  });

  it('is not asked for where it cannot be read', async () => {
    await expect(requireLinux({ platform: 'linux' }, join(root, 'none'))).resolves.toBeUndefined();
  });
});
