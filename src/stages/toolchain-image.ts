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
    'linux/amd64': 'sha256:a92adb4571186dc022192c261d302e5bc6b8c37c5b53108896781b3f0c7cde9c',
    'linux/arm64': 'sha256:2001a5ccde5730a28f023a29470fa021ea529ec6c3d5a31fda842506c3e4ffa5',
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
