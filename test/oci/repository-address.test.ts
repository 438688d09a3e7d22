import { describe, expect, it } from 'vitest';
import { parsePlatform } from '../../src/oci/platform.ts';
import { parseRepository } from '../../src/oci/repository-address.ts';

describe('a repository address', () => {
  it.each([
    ['registry.example.com/p', 'registry.example.com/p'],
    ['docker://localhost:5000/a/b_c', 'localhost:5000/a/b_c'],
    ['127.0.0.1:5000/x', '127.0.0.1:5000/x'],
    ['[::1]:5000/x', '[::1]:5000/x'],
    ['someone/app', 'docker.io/someone/app'],
  ])('%s is understood', (text, address) => {
    expect(parseRepository(text)).toEqual({ ok: true, address });
  });

  it.each([
    ['registry.example.com/p:tag', 'it must not name a tag'],
    [`registry.example.com/p@sha256:${'0'.repeat(64)}`, 'it must not name a digest'],
    ['https://registry.example.com/p', 'it must be written without http:// or https://'],
    ['registry.example.com//p', 'a part of its path is empty'],
    ['registry.example.com/P', '"P" is not allowed in a repository path'],
    ['', 'a part of its path is empty'],
  ])('%s is refused', (text, reason) => {
    expect(parseRepository(text)).toEqual({ ok: false, reason });
  });
});

describe('a platform', () => {
  it.each([
    ['amd64', 'linux/amd64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['aarch64', 'linux/arm64'],
    ['linux/arm/v7', 'linux/arm/v7'],
    ['arm/v7', 'linux/arm/v7'],
    ['windows/amd64', 'windows/amd64'],
  ])('%s is %s', (text, platform) => expect(parsePlatform(text)).toBe(platform));
  it.each(['', 'linux/', 'a/b/c/d', 'linux/amd 64'])('%s is none', (text) =>
    expect(parsePlatform(text)).toBeNull(),
  );
});
