import { DOCKER_HUB, parseRegistryHost, type RegistryHost } from '../../oci/registry-host.ts';
import type { Credentials } from '../sign-in.ts';

/** Docker's config.json, as far as it is about credentials; other fields are kept as they are. */
export interface DockerConfig {
  readonly auths?: Readonly<Record<string, unknown>>;
  /** Registry to the end of the name of its helper. */
  readonly credHelpers?: Readonly<Record<string, string>>;
  /** The same for all registries that are not named there. */
  readonly credsStore?: string;
}

/** How Docker names a registry in this file, and to its helpers. */
export function configKey(registry: RegistryHost): string {
  return registry === DOCKER_HUB ? 'https://index.docker.io/v1/' : registry;
}

/** @returns null for text that is no such file; an empty one is a file without anything */
export function parseConfig(text: string): DockerConfig | null {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return isConfig(value) ? value : null;
  } catch {
    // What it says may quote a secret.
    return null;
  }
}

export function formatConfig(config: DockerConfig): string {
  return `${JSON.stringify(config, null, '\t')}\n`;
}

/** End of the name of the program that keeps the registry's credentials, and how the file names the registry; null: the file keeps them. */
export function helperOf(
  config: DockerConfig,
  registry: RegistryHost,
): { readonly name: string; readonly key: string } | null {
  const own = Object.entries(config.credHelpers ?? {}).find(([key]) => parseRegistryHost(key) === registry);
  if (own) return { key: own[0], name: own[1] };
  const { credsStore = '' } = config;
  return credsStore === '' ? null : { key: configKey(registry), name: credsStore };
}

/** @param credentials null: a helper keeps them, the file only says that there are some */
export function withLogin(
  config: DockerConfig,
  registry: RegistryHost,
  credentials: Credentials | null,
): DockerConfig {
  const entry = credentials
    ? { auth: Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64') }
    : {};
  const { auths } = withoutLogin(config, registry);
  return { ...config, auths: { ...auths, [configKey(registry)]: entry } };
}

export function withoutLogin(config: DockerConfig, registry: RegistryHost): DockerConfig {
  const others = Object.entries(config.auths ?? {}).filter(([key]) => !isLogin(key, registry));
  return { ...config, auths: Object.fromEntries(others) };
}

export function hasLogin({ auths = {} }: DockerConfig, registry: RegistryHost): boolean {
  return Object.keys(auths).some((key) => isLogin(key, registry));
}

/** Older files name registries with scheme and version. Credentials of a part of a registry (Podman has them) are not meant. */
function isLogin(key: string, registry: RegistryHost): boolean {
  const isWhole = !key
    .replace(/^https?:\/\//, '')
    .replace(/(?:\/v[12])?\/?$/, '')
    .includes('/');
  return isWhole && parseRegistryHost(key) === registry;
}

function isConfig(value: unknown): value is DockerConfig {
  if (!isRecord(value)) return false;
  const { auths = {}, credHelpers = {}, credsStore = '' } = value;
  return (
    isRecord(auths) &&
    isRecord(credHelpers) &&
    Object.values(credHelpers).every((name) => typeof name === 'string') &&
    typeof credsStore === 'string'
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
