import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NOT_LOCKED } from '../../scripts/toolchain/make-images.ts';
import { readLayout } from '../../scripts/toolchain/oci.ts';
import { TOOLCHAIN_DIGESTS } from '../../src/stages/toolchain-image.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { toolchainLayout, toolchainRegistry } from './support/toolchain.ts';

const STAPEL = fileURLToPath(new URL('../../scripts/stapel', import.meta.url));

let layout: string;
let work: string;
beforeAll(() => {
  layout = toolchainLayout();
  work = mkdtempSync(join(tmpdir(), 'slipway-toolchain-'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

const stapel = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(STAPEL, args, { encoding: 'utf8', cwd: work });
  return { status, stdout, stderr };
};

const digestsOf = (directory: string) =>
  Object.fromEntries(
    readLayout(directory).map(({ annotations, digest }) => [Object.values(annotations ?? {})[0], digest]),
  );

const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;

describe('the toolchain images', () => {
  it('are the same whenever and wherever they are made', () => {
    const again = stapel('build', '--variant', 'base', '--oci', 'made again', '--or-current');
    expect(again).toMatchObject({ status: 0 });
    const name = `base-${ARCHITECTURE}`;
    expect(digestsOf(join(work, 'made again'))[name]).toBe(digestsOf(layout)[name]);
  });

  it('are those that slipway pulls', (context) => {
    if (existsSync(join(layout, NOT_LOCKED)))
      context.skip('the mirror has a package of the lock no longer: scripts/stapel lock');
    const platform = `linux/${ARCHITECTURE}`;
    expect(digestsOf(layout)).toEqual({
      [`base-${ARCHITECTURE}`]: TOOLCHAIN_DIGESTS.base[platform],
      [`ansible-${ARCHITECTURE}`]: TOOLCHAIN_DIGESTS.ansible[platform],
    });
  });

  it.each(['base', 'ansible'])('run where nothing else is, in a hostile environment: %s', (variant) => {
    const { status, stderr } = stapel('verify', '--variant', variant, '--oci', layout);
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});

describe('pushed toolchain images', () => {
  let registry: TestRegistry;
  const login = { user: 'somebody', password: 'password of somebody' };
  beforeAll(async () => {
    registry = await startRegistry({ empty: true });
  });
  afterAll(() => registry.stop());

  it('stand under one version, those with Ansible under another', () => {
    const { name } = toolchainRegistry(registry.host);
    expect(registry.tags('slipway/stapel')).toEqual(['1', '1-ansible']);
    const index = registry.inspect(`${name}:1`, '--raw') as {
      manifests: readonly { digest: string; platform: unknown }[];
    };
    expect(index.manifests).toMatchObject([
      {
        digest: digestsOf(layout)[`base-${ARCHITECTURE}`],
        platform: { os: 'linux', architecture: ARCHITECTURE },
      },
    ]);
    expect(registry.inspect(`${name}:1-ansible`, '--config')).toMatchObject({
      architecture: ARCHITECTURE,
      config: { Entrypoint: ['/.werf/stapel/embedded/bin/bash'] },
    });
  });

  it('are not sent again', () => {
    toolchainRegistry(registry.host);
    const before = registry.requests().length;
    toolchainRegistry(registry.host);
    expect(
      registry
        .requests()
        .slice(before)
        .some((request) => /blobs\/uploads/.test(request)),
    ).toBe(false);
  });

  it('go into a registry that wants a login', async () => {
    const guarded = await startRegistry({ login, empty: true });
    try {
      const to = `${guarded.host}/group/stapel`;
      const docker = join(work, 'docker');
      execFileSync('mkdir', [docker]);
      const push = (config: string) =>
        spawnSync(STAPEL, ['push', '--oci', layout, '--to', `${to}:2`], {
          encoding: 'utf8',
          env: { ...process.env, DOCKER_CONFIG: config },
        });
      expect(push(docker)).toMatchObject({
        status: 1,
        stderr: `stapel: ${guarded.host} wants a login: run docker login ${guarded.host}\n`,
      });
      const auth = Buffer.from(`${login.user}:${login.password}`).toString('base64');
      writeFileSync(join(docker, 'config.json'), JSON.stringify({ auths: { [guarded.host]: { auth } } }));
      expect(push(docker)).toMatchObject({ status: 0 });
      expect(guarded.tags('group/stapel')).toEqual(['2', '2-ansible']);
    } finally {
      await guarded.stop();
    }
  });
});

it('tells what is missing', () => {
  expect(stapel('build')).toMatchObject({
    status: 1,
    stderr: 'stapel: name the directory of the OCI layout: --oci DIRECTORY\n',
  });
  expect(stapel('push', '--oci', 'nothing', '--to', '127.0.0.1:1/stapel')).toMatchObject({
    status: 1,
    stderr: 'stapel: nothing holds no image: make them with scripts/stapel build --oci nothing\n',
  });
});
