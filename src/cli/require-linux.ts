import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../diagnostics/user-error.ts';

export interface Machine {
  /** As Node names it. */
  readonly platform: string;
}

const ADVICE: Readonly<Record<string, string>> = {
  win32: 'on Windows run it inside WSL2: `wsl --install`, then use slipway in that Linux',
  darwin: 'on macOS run it inside a Linux VM, such as Lima, Colima or the Vagrantfile of this project',
};

/**
 * Images are built with what the Linux kernel offers.
 * @param root where `/proc` is looked for
 * @throws UserError elsewhere, and in the first version of WSL, which has no Linux kernel
 */
export async function requireLinux({ platform }: Machine, root = '/'): Promise<void> {
  if (platform !== 'linux') {
    throw new UserError('NOT_LINUX', `slipway runs on Linux only, and this is ${platform}`, {
      hint: ADVICE[platform] ?? 'run it inside a Linux VM',
    });
  }
  const release = await readFile(join(root, 'proc/sys/kernel/osrelease'), 'utf8').catch(() => '');
  if (/microsoft/i.test(release) && !/WSL2/i.test(release)) {
    throw new UserError('WSL1', 'slipway needs a Linux kernel, and the first version of WSL has none', {
      hint: 'convert this distribution: `wsl --set-version <distro> 2`',
    });
  }
}
