import { describe, expect, it } from 'vitest';
import { DOCKER_HUB, parseRegistryHost, type RegistryHost } from '../../src/oci/registry-host.ts';
import {
  formatConfig,
  hasLogin,
  helperOf,
  parseConfig,
  withLogin,
  withoutLogin,
} from '../../src/registry/docker-config/config-text.ts';

const host = parseRegistryHost('registry.example.com') as RegistryHost;
const credentials = { username: 'me', password: 'sécret:word' };

describe("Docker's config.json", () => {
  it('keeps user and password of a registry, and what else is in it', () => {
    const config = withLogin(
      { auths: { other: { auth: 'x' } }, ...{ HttpHeaders: { A: 'b' } } },
      host,
      credentials,
    );
    expect(JSON.parse(formatConfig(config))).toEqual({
      auths: { other: { auth: 'x' }, [host]: { auth: Buffer.from('me:sécret:word').toString('base64') } },
      HttpHeaders: { A: 'b' },
    });
    expect(formatConfig(config)).toMatch(/^\{\n\t"auths"[\s\S]*\}\n$/);
  });

  it('has one login for a registry, however it was written before', () => {
    const before = { auths: { 'https://registry.example.com/v1/': {}, 'https://index.docker.io/v1/': {} } };
    expect(Object.keys(withLogin(before, host, credentials).auths ?? {})).toEqual([
      'https://index.docker.io/v1/',
      host,
    ]);
    expect(withoutLogin(before, DOCKER_HUB).auths).toEqual({ 'https://registry.example.com/v1/': {} });
    expect([hasLogin(before, host), hasLogin({}, host)]).toEqual([true, false]);
  });

  it('names Docker Hub as Docker does', () => {
    expect(withLogin({}, DOCKER_HUB, null)).toEqual({ auths: { 'https://index.docker.io/v1/': {} } });
  });

  it('keeps logins to parts of a registry', () => {
    const auths = { [`${host}/group`]: { auth: 'x' } };
    expect(withoutLogin({ auths }, host).auths).toEqual(auths);
    expect(hasLogin({ auths }, host)).toBe(false);
  });

  it('may name a helper, for one registry or for all', () => {
    expect(helperOf({}, host)).toBeNull();
    expect(helperOf({ credsStore: '' }, host)).toBeNull();
    const both = { credsStore: 'all', credHelpers: { 'https://registry.example.com': 'one' } };
    expect(helperOf(both, host)).toEqual({ key: 'https://registry.example.com', name: 'one' });
    expect(helperOf(both, DOCKER_HUB)).toEqual({ key: 'https://index.docker.io/v1/', name: 'all' });
  });

  it('is an object with objects of registries', () => {
    expect(parseConfig(' \n')).toEqual({});
    for (const text of ['[]', 'null', '{', '{"auths":[]}', '{"credHelpers":{"a":1}}', '{"credsStore":{}}']) {
      expect(parseConfig(text)).toBeNull();
    }
  });
});
