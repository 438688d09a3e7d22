import type { Platform } from '../oci/platform.ts';

/** `base` runs shell commands; `ansible` holds all of it, and Python and Ansible besides. */
export type ToolchainVariant = 'base' | 'ansible';

const NAME = 'ghcr.io/slipway-build/stapel';
const VERSION = '1';

/** What `scripts/stapel build` makes of the committed lock; test/e2e/toolchain-images.test.ts compares them. */
export const TOOLCHAIN_DIGESTS: Readonly<Record<ToolchainVariant, Readonly<Record<string, string>>>> = {
  base: {
    'linux/amd64': 'sha256:44c6e51a8264090952d4a3493c5cc6c4127ff65adfb872df32a792587166e3cf',
    'linux/arm64': 'sha256:68febd120eba671ccebaaa92e2527726f1455d7f506478b086c0fa5cb6e0b95a',
  },
  ansible: {
    'linux/amd64': 'sha256:6c59a85210ff66ff9f7a4c92c6ac52e56bf45a55b4241d5b8e813ef9f9f5fffa',
    'linux/arm64': 'sha256:65e9aba2a8f6f81ebe1ab2b2b0c85f8bf1ee08caf393eb59dd621838193b0167',
  },
};

/**
 * The image with the tools of Stapel stages. It is no part of any digest.
 * WERF_STAPEL_IMAGE_NAME and WERF_STAPEL_IMAGE_VERSION name another one, for both variants; either may be set alone.
 * @returns a reference to pull; null when WERF_STAPEL_IMAGE_NAME is `none`: there is no such image
 * @see docs/stapel/toolchain.md
 */
export function toolchainReference(
  env: Readonly<Record<string, string | undefined>>,
  variant: ToolchainVariant,
  platform: Platform,
): string | null {
  const name = env['WERF_STAPEL_IMAGE_NAME'] || null;
  const version = env['WERF_STAPEL_IMAGE_VERSION'] || null;
  if (name === 'none') return null;
  if (name !== null || version !== null) return `${name ?? NAME}:${version ?? VERSION}`;
  const digest = TOOLCHAIN_DIGESTS[variant][platform.split('/').slice(0, 2).join('/')];
  if (digest) return `${NAME}@${digest}`;
  return `${NAME}:${VERSION}${variant === 'ansible' ? '-ansible' : ''}`;
}
