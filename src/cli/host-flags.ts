import { type Platform, parsePlatform } from '../oci/platform.ts';
import { type Flag, list, type Parsed, text, toggle } from './flag.ts';

const section = 'host';

const platform: Flag<readonly Platform[]> = {
  ...list('platform', 'OS/ARCH', {
    section,
    env: ['WERF_PLATFORM', 'DOCKER_DEFAULT_PLATFORM'],
    summary: 'platform to build for, such as linux/amd64; several, separated by commas, need --repo',
    fallbackText: 'that of the image, else of this machine',
  }),
  fallback: [],
  parse: parsePlatforms,
};

/** This machine: its folders, and how it reaches registries. */
export const hostFlags = {
  homeDir: text('home-dir', 'DIR', {
    section,
    env: ['WERF_HOME'],
    summary: 'folder of caches and locks',
    fallbackText: '~/.werf',
  }),
  tmpDir: text('tmp-dir', 'DIR', {
    section,
    env: ['WERF_TMP_DIR'],
    summary: 'folder of temporary files',
    fallbackText: 'that of the system',
  }),
  dockerConfig: text('docker-config', 'DIR', {
    section,
    env: ['WERF_DOCKER_CONFIG', 'DOCKER_CONFIG'],
    summary: 'folder of config.json with the credentials of registries',
    fallbackText: '~/.docker',
  }),
  platform,
  containerRegistryMirror: list('container-registry-mirror', 'ADDRESS', {
    section,
    env: ['WERF_CONTAINER_REGISTRY_MIRROR_*'],
    summary: 'mirror of docker.io, asked first; http:// in front means plain HTTP',
  }),
  insecureRegistry: toggle('insecure-registry', {
    section,
    env: ['WERF_INSECURE_REGISTRY'],
    summary: 'allow plain HTTP for registries (loopback needs no permission)',
  }),
  skipTlsVerifyRegistry: toggle('skip-tls-verify-registry', {
    section,
    env: ['WERF_SKIP_TLS_VERIFY_REGISTRY'],
    summary: 'do not check the certificates of registries',
  }),
} as const;

function parsePlatforms(texts: readonly string[]): Parsed<readonly Platform[]> {
  const platforms: Platform[] = [];
  const names = texts.flatMap((value) => value.split(',')).map((name) => name.trim());
  for (const name of names.filter((given) => given !== '')) {
    const found = parsePlatform(name);
    if (found === null) return { ok: false, reason: `"${name}" is not a platform: write it as linux/amd64` };
    if (!platforms.includes(found)) platforms.push(found);
  }
  return { ok: true, value: platforms };
}
