/** `host[:port]` of a registry; `docker.io` is Docker Hub. */
export type RegistryHost = string & { readonly __registryHost: unique symbol };

export const DOCKER_HUB = 'docker.io' as RegistryHost;

const HUB_NAMES = ['docker.io', 'index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'];
const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::[0-9]{1,5})?$/;

/**
 * Reads a registry as people and Docker's config.json write it: with a scheme, with a path behind it, Docker Hub by any
 * of its names. '' is Docker Hub.
 * @returns null for what is no host
 */
export function parseRegistryHost(text: string): RegistryHost | null {
  const [host = ''] = text
    .trim()
    .toLowerCase()
    .replace(/^(?:https?|docker):\/\//, '')
    .split('/');
  if (text.trim() === '' || HUB_NAMES.includes(host)) return DOCKER_HUB;
  return HOST.test(host) ? (host as RegistryHost) : null;
}
