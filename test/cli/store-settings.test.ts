import { describe, expect, it } from 'vitest';
import { buildVariables } from '../../src/cli/build-variables.ts';
import { parseUlimits } from '../../src/cli/parse-ulimits.ts';
import { storeSettings } from '../../src/cli/store-settings.ts';

describe('WERF_BUILDAH_MODE', () => {
  const mode = (value: string) => storeSettings({ WERF_BUILDAH_MODE: value }).settings.mode;

  it.each([
    ['', 'auto'],
    ['auto', 'auto'],
    ['default', 'auto'],
    ['native-chroot', 'native-chroot'],
    ['native-rootless', 'native-rootless'],
    ['plain-chroot', 'plain-chroot'],
  ])('%j is %s', (given, expected) => {
    expect(mode(given)).toBe(expected);
  });

  it('docker warns and is auto', () => {
    const { settings, warnings } = storeSettings({ WERF_BUILDAH_MODE: 'docker' });
    expect(settings.mode).toBe('auto');
    expect(warnings).toHaveLength(1);
  });

  it('refuses what it does not know, with a list', () => {
    expect(() => mode('rootful')).toThrow('unexpected mode WERF_BUILDAH_MODE="rootful"');
  });
});

describe('WERF_BUILDAH_STORAGE_DRIVER', () => {
  const driver = (value: string) => storeSettings({ WERF_BUILDAH_STORAGE_DRIVER: value }).settings.driver;

  it('is chosen by trial unless it is named', () => {
    expect(['', 'auto', 'default', 'overlay', 'fuse-overlayfs', 'vfs'].map(driver)).toEqual([
      '',
      '',
      '',
      'overlay',
      'fuse-overlayfs',
      'vfs',
    ]);
    expect(() => driver('btrfs')).toThrow('unexpected driver');
  });
});

describe('WERF_BUILDAH_ULIMIT', () => {
  it('is a list of limits; a hard one left out equals the soft one', () => {
    expect(parseUlimits('nofile:1024:2048, core:0,stack:-1')).toEqual([
      'nofile:1024:2048',
      'core:0:0',
      'stack:-1:-1',
    ]);
    expect(parseUlimits('')).toEqual([]);
  });

  it.each([
    ['files:1', '"files" is no type of limit'],
    ['nofile', 'must be written as'],
    ['nofile:1:2:3', 'must be written as'],
    ['nofile:x', '"x" is no number'],
    ['nofile:-2', '"-2" is no number'],
    ['nofile:2:1', 'the soft limit is above the hard one'],
    ['nofile:-1:1', 'the soft limit is above the hard one'],
    ['nofile:1,nofile:2', 'is given twice'],
  ])('refuses %s', (value, reason) => {
    expect(() => parseUlimits(value)).toThrow(reason);
  });
});

describe('SLIPWAY_COMPRESSION', () => {
  it('is passed on as it is: the engine knows what there is', () => {
    expect(storeSettings({}).settings.compression).toBe('');
    expect(storeSettings({ SLIPWAY_COMPRESSION: 'zstd:7' }).settings.compression).toBe('zstd:7');
  });
});

describe('SLIPWAY_BLOB_CACHE_MB', () => {
  const size = (value: string) => storeSettings({ SLIPWAY_BLOB_CACHE_MB: value }).settings.blobCache;

  it('is a number of megabytes; the engine chooses where there is none', () => {
    expect(size('')).toBe(0);
    expect(size('100')).toBe(100 * 1024 * 1024);
  });

  it.each(['0', '-1', '1.5', '10G', 'much'])('refuses %s', (value) => {
    expect(() => size(value)).toThrow(`SLIPWAY_BLOB_CACHE_MB: "${value}" is not a number of megabytes`);
  });
});

describe('the help', () => {
  const explained = (variable: string) =>
    buildVariables.find(({ name }) => name === variable)?.explains ?? '';
  /** The values that a refusal lists. */
  const possible = (variable: string) => {
    try {
      storeSettings({ [variable]: 'nonsense' });
    } catch (error) {
      return (error as { hint: string }).hint.replace('use one of ', '').split(', ');
    }
    return [];
  };

  it.each(['WERF_BUILDAH_MODE', 'WERF_BUILDAH_STORAGE_DRIVER'])('names what %s can be', (variable) => {
    const usual = ['auto', 'default', 'docker'];
    const special = possible(variable).filter((value) => !usual.includes(value));
    expect(special.length).toBeGreaterThan(2);
    for (const value of special) expect(explained(variable)).toContain(value);
  });
});
