import { describe, expect, it } from 'vitest';
import type { Platform } from '../../src/oci/platform.ts';
import { TOOLCHAIN_DIGESTS, toolchainReference } from '../../src/stages/toolchain-image.ts';

const amd64 = 'linux/amd64' as Platform;

describe('the toolchain image', () => {
  it('is pinned by its digest for each variant and architecture', () => {
    for (const variant of ['base', 'ansible'] as const) {
      for (const platform of ['linux/amd64', 'linux/arm64']) {
        const digest = TOOLCHAIN_DIGESTS[variant][platform];
        expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
        expect(toolchainReference({}, variant, platform as Platform)).toMatch(
          new RegExp(`/stapel@${digest}$`),
        );
      }
    }
  });

  it('is named by its version on other architectures', () => {
    const riscv = 'linux/riscv64' as Platform;
    expect(toolchainReference({}, 'base', riscv)).toMatch(/\/stapel:1$/);
    expect(toolchainReference({}, 'ansible', riscv)).toMatch(/\/stapel:1-ansible$/);
  });

  it('is one image for both variants when a variable is set, and the other variable keeps its default', () => {
    for (const variant of ['base', 'ansible'] as const) {
      const name = { WERF_STAPEL_IMAGE_NAME: 'localhost:5000/stapel' };
      const version = { WERF_STAPEL_IMAGE_VERSION: '0.6.2' };
      expect(toolchainReference({ ...name, ...version }, variant, amd64)).toBe('localhost:5000/stapel:0.6.2');
      expect(toolchainReference(name, variant, amd64)).toBe('localhost:5000/stapel:1');
      expect(toolchainReference(version, variant, amd64)).toMatch(/^ghcr\.io\/[^:@]+:0\.6\.2$/);
    }
  });

  it('is none when its name is `none`, and the default one when a variable is empty', () => {
    expect(toolchainReference({ WERF_STAPEL_IMAGE_NAME: 'none' }, 'base', amd64)).toBeNull();
    expect(
      toolchainReference({ WERF_STAPEL_IMAGE_NAME: '', WERF_STAPEL_IMAGE_VERSION: '' }, 'base', amd64),
    ).toBe(toolchainReference({}, 'base', amd64));
  });
});
