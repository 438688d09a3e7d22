import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const STAPEL = fileURLToPath(new URL('../../../scripts/stapel', import.meta.url));

/** OCI layout with the toolchain images for this machine; made when it is not there. */
export function toolchainLayout(): string {
  return execFileSync(STAPEL, ['cached'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}

/**
 * Puts the toolchain images into a registry of this machine.
 * @param host `127.0.0.1:PORT`
 * @returns values of WERF_STAPEL_IMAGE_NAME and WERF_STAPEL_IMAGE_VERSION: they name one image for all stages, of which
 *   the one with Ansible can do everything
 */
export function toolchainRegistry(
  host: string,
  variant: 'base' | 'ansible' = 'ansible',
): { readonly name: string; readonly version: string } {
  const name = `${host}/slipway/stapel`;
  execFileSync(STAPEL, ['push', '--oci', toolchainLayout(), '--to', `${name}:1`], { stdio: 'ignore' });
  return { name, version: variant === 'ansible' ? '1-ansible' : '1' };
}
