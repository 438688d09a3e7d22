import { execFileSync } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { faultProxy } from '../registry/fault-proxy.ts';
import { pagingFront } from '../registry/paging-front.ts';
import { makeBuilder } from './support/builder.ts';
import { makeNetwork } from './support/network.ts';
import { type OwnAuthority, ownAuthority } from './support/own-authority.ts';
import { makeProject } from './support/project.ts';
import { type RegistryOptions, startRegistry, type TestRegistry } from './support/registry.ts';
import { buildStapel, stapelConfig } from './support/stapel.ts';

const LOGIN = { user: 'me', password: 'secret-word' };

/** A registry, and what a builder needs to use it. */
interface Place {
  readonly registry: TestRegistry;
  /** Where builders reach it. */
  readonly host: string;
  /** Prepares a home, before the first build there. @returns variables of the environment */
  readonly prepare?: (home: string) => Promise<Readonly<Record<string, string>>>;
  /** What is built; by default everything. */
  readonly images?: readonly string[];
  /** What the test wants to be true at the end. */
  readonly verify?: () => void;
}

const started = async (options: RegistryOptions = {}) => {
  const registry = await startRegistry(options);
  onTestFinished(() => registry.stop());
  return registry;
};

const plain = async (options: RegistryOptions = {}): Promise<Place> => {
  const registry = await started(options);
  return { registry, host: registry.host };
};

/** Not on loopback, where certificates are not looked at. */
const secure = async (
  trust: (authority: OwnAuthority, host: string, home: string) => Promise<Readonly<Record<string, string>>>,
): Promise<Place> => {
  const network = makeNetwork(0);
  onTestFinished(network.remove);
  const authority = await ownAuthority(network.address);
  onTestFinished(authority.remove);
  const registry = await started({ address: network.address, tls: authority });
  const { host } = registry;
  return { registry, host, prepare: (home) => trust(authority, host, home) };
};

const paged = async (heedsLast: boolean): Promise<Place> => {
  const registry = await started();
  const front = await pagingFront(registry.host, 4, { heedsLast });
  const entered = () => front.lists.some((list) => /\?last=[0-9a-f]{55}$/.test(list));
  return { registry, host: front.host, verify: () => expect(entered()).toBe(true) };
};

const REGISTRIES: Readonly<Record<string, () => Promise<Place>>> = {
  'distribution 2.8': plain,
  'distribution 3.0': () =>
    plain({ program: execFileSync('scripts/test-registry', { encoding: 'utf8' }).trim() }),
  'one that deletes nothing': () => plain({ deletion: false }),
  'one that wants a login': async () => {
    const place = await plain({ login: LOGIN });
    const auth = Buffer.from(`${LOGIN.user}:${LOGIN.password}`).toString('base64');
    const file = JSON.stringify({ auths: { [place.host]: { auth } } });
    const prepare = async (home: string) => {
      await writeFile(join(home, 'config.json'), file);
      return { DOCKER_CONFIG: home };
    };
    return { ...place, prepare };
  },
  'TLS of an authority in SSL_CERT_FILE': () =>
    secure(async ({ authority }) => ({ SSL_CERT_FILE: authority })),
  'TLS of an authority in certs.d': () =>
    secure(async ({ authority }, host, home) => {
      const directory = join(home, '.config/containers/certs.d', host);
      await mkdir(directory, { recursive: true });
      await cp(authority, join(directory, 'ca.crt'));
      return {};
    }),
  'one that gives tags in pages': () => paged(true),
  'one that gives tags in pages, wherever they are to begin': () => paged(false),
  'a slow one': async () => {
    const registry = await started();
    const proxy = await faultProxy(registry.host, { delay: () => 300 });
    onTestFinished(() => proxy.stop());
    return { registry, host: proxy.host, images: ['tools'] };
  },
};

const ALL = ['app', 'tools', 'web'];
const FINAL = ['app', 'web'];

describe('stages in registries of every kind', () => {
  it.each(Object.entries(REGISTRIES))('%s', async (_, start) => {
    const place = await start();
    const { registry, host, images = ALL } = place;
    const builderWith = async () => {
      const builder = await makeBuilder();
      onTestFinished(() => builder.remove());
      const env = (await place.prepare?.(builder.home)) ?? {};
      return (...args: readonly string[]) =>
        buildStapel(builder, project, { args: [...args, ...images], env });
    };
    const base = `${host}/busybox:latest`;
    const project = await makeProject({
      'werf.yaml': stapelConfig(
        `image: app\nfrom: ${base}\ngit:\n- add: /src\n  to: /app\nimport:\n- from: tools\n  add: /tools\n  to: /tools\n  before: setup\nshell:\n  setup: cat /tools >/list\nimageSpec:\n  config:\n    labels:\n      a: b`,
        `image: tools\nfinal: false\nfrom: ${base}\nshell:\n  install: echo tools >/tools`,
        'image: web\ndockerfile: Dockerfile',
      ),
      Dockerfile: `FROM ${base}\nCOPY src /src\nRUN cp -r /src /web\n`,
      'src/file': 'content',
    });
    onTestFinished(() => project.remove());
    const stages = (repository: string) => [...registry.stages(repository)].sort();

    const first = await builderWith();
    const local = await first();
    const made = images.flatMap((image) => local.images.get(image)?.map(({ tag }) => tag) ?? []);
    const pushed = await first('--repo', `${host}/primary`);
    for (const image of images) expect(pushed.rebuilt(image)).toEqual([]);
    expect(stages('primary')).toEqual([...new Set(made)].sort());
    const records = registry.tags('primary').filter((tag) => !made.includes(tag));
    const commit = project.git('rev-parse', 'HEAD');
    expect(records.filter((tag) => tag.startsWith('managed-image-'))).toEqual(
      images.map((image) => `managed-image-${image}`),
    );
    expect(records.filter((tag) => tag.startsWith('meta-') && tag.includes(commit))).toHaveLength(
      images.length,
    );

    const second = await builderWith();
    const found = await second('--repo', `${host}/primary`);
    for (const image of images) expect(found.rebuilt(image)).toEqual([]);
    expect(images.map((image) => found.last(image))).toEqual(images.map((image) => pushed.last(image)));
    await project.write({ 'src/file': 'changed' });
    await project.commit('second');
    const next = await second('--repo', `${host}/primary`);
    expect(next.rebuilt('tools')).toEqual([]);
    if (images.includes('app')) expect(next.rebuilt('app')).toEqual(['gitLatestPatch', 'imageSpec']);
    if (images.includes('web')) expect(next.rebuilt('web')).toHaveLength(1);

    const third = await builderWith();
    const roles = ['--secondary-repo', `${host}/primary`, '--final-repo', `${host}/final`];
    const copied = await third('--repo', `${host}/other`, ...roles);
    for (const image of images) expect(copied.rebuilt(image)).toEqual([]);
    const used = images.flatMap((image) => copied.images.get(image)?.map(({ tag }) => tag) ?? []);
    expect(stages('other')).toEqual([...new Set(used)].sort());
    const finals = images
      .filter((image) => FINAL.includes(image))
      .map((image) => copied.images.get(image)?.at(-1)?.tag);
    expect(registry.tags('final')).toEqual(finals.sort());
    place.verify?.();
  });
});

describe('a registry of an authority that nobody knows', () => {
  it('is not spoken to, and it is said why', async () => {
    const { host } = await secure(async () => ({}));
    const builder = await makeBuilder();
    onTestFinished(() => builder.remove());
    const project = await makeProject({
      'werf.yaml': stapelConfig(`image: app\nfrom: ${host}/busybox:latest`),
    });
    onTestFinished(() => project.remove());
    const { stderr } = await buildStapel(builder, project, { args: ['--repo', `${host}/app`], fails: true });
    expect(stderr).toContain('x509');
    expect(stderr).toContain('certs.d');
  });
});
