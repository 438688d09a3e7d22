import { describe, expect, it } from 'vitest';
import { parseRegistryHost } from '../../src/oci/registry-host.ts';

describe('a registry', () => {
  it.each([
    ['registry.example.com', 'registry.example.com'],
    ['Registry.Example.com:5000', 'registry.example.com:5000'],
    ['https://registry.example.com:5000/v2/', 'registry.example.com:5000'],
    ['docker://localhost/path/below', 'localhost'],
    ['[::1]:5000', '[::1]:5000'],
  ])('is the host of %s', (text, host) => {
    expect(parseRegistryHost(text)).toBe(host);
  });

  it.each(['', 'docker.io', 'index.docker.io', 'https://index.docker.io/v1/', 'registry-1.docker.io'])(
    'is Docker Hub by the name %j',
    (text) => {
      expect(parseRegistryHost(text)).toBe('docker.io');
    },
  );

  it.each(['a b', '-a', 'a:port', 'host:123456', '/path', 'ftp://host', 'user@host'])('is not %j', (text) => {
    expect(parseRegistryHost(text)).toBeNull();
  });
});
