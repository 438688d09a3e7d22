import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A repository of a registry, to put images into. */
export interface RegistryClient {
  /** @param read is called only when the repository lacks the blob */
  putBlob(digest: string, read: () => Buffer): Promise<void>;
  /** @param reference a tag or a digest */
  putManifest(reference: string, mediaType: string, content: Buffer): Promise<void>;
}

export interface RepositoryName {
  /** `registry.example:5000` */
  readonly host: string;
  /** `group/stapel` */
  readonly path: string;
  /** After the last colon, or null. */
  readonly tag: string | null;
}

/** @throws Error when the name has no registry in front */
export function parseRepository(name: string): RepositoryName {
  const match = /^([^/]+)\/([a-z0-9][a-z0-9._/-]*)(?::([\w][\w.-]*))?$/.exec(name);
  const [, host = '', path = '', tag] = match ?? [];
  if (!match || !/[.:]|^localhost$/.test(host))
    throw new Error(`"${name}" is no repository of a registry: write it as registry.example/group/stapel:1`);
  return { host, path, tag: tag ?? null };
}

/** `Basic …` of the Docker client's configuration, or null. */
function credentialsOf(host: string): string | null {
  const directory = process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker');
  const file = join(directory, 'config.json');
  if (!existsSync(file)) return null;
  const { auths = {} } = JSON.parse(readFileSync(file, 'utf8')) as {
    auths?: Record<string, { auth?: string }>;
  };
  const auth = auths[host]?.auth ?? auths[`https://${host}`]?.auth;
  return auth ? `Basic ${auth}` : null;
}

/** Registries of this machine speak without TLS, all others with it. */
const baseOf = (host: string) =>
  `${/^(localhost|127\.[\d.]+|\[::1\])(:\d+)?$/.test(host) ? 'http' : 'https'}://${host}`;

/** Signs in with the Docker client's configuration when the registry asks for it. */
export function openRegistry({ host, path }: RepositoryName): RegistryClient {
  const base = baseOf(host);
  let authorization: string | null = null;

  async function send(method: string, url: string, body?: Buffer, type?: string): Promise<Response> {
    const attempt = () =>
      fetch(url, {
        method,
        headers: {
          ...(authorization === null ? {} : { authorization }),
          ...(type === undefined ? {} : { 'content-type': type }),
        },
        ...(body === undefined ? {} : { body: new Uint8Array(body) }),
      });
    const response = await attempt();
    if (response.status !== 401) return response;
    authorization = await signIn(response.headers.get('www-authenticate') ?? '');
    return attempt();
  }

  async function signIn(challenge: string): Promise<string> {
    const credentials = credentialsOf(host);
    if (/^basic/i.test(challenge)) {
      if (credentials === null) throw new Error(`${host} wants a login: run docker login ${host}`);
      return credentials;
    }
    const parameters = new Map(
      [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
    );
    const realm = new URL(parameters.get('realm') ?? `${base}/token`);
    realm.searchParams.set('scope', `repository:${path}:pull,push`);
    const service = parameters.get('service');
    if (service) realm.searchParams.set('service', service);
    const response = await fetch(realm, credentials ? { headers: { authorization: credentials } } : {});
    if (!response.ok)
      throw new Error(`${host} refused the login (${response.status}): run docker login ${host}`);
    const { token, access_token } = (await response.json()) as { token?: string; access_token?: string };
    return `Bearer ${token ?? access_token}`;
  }

  async function expectOk(response: Response, what: string): Promise<Response> {
    if (response.ok) return response;
    const text = (await response.text()).slice(0, 300);
    throw new Error(`${host}/${path} refused ${what} (${response.status}): ${text}`);
  }

  return {
    async putBlob(digest, read) {
      const there = await send('HEAD', `${base}/v2/${path}/blobs/${digest}`);
      if (there.ok) return;
      const started = await expectOk(
        await send('POST', `${base}/v2/${path}/blobs/uploads/`),
        `the upload of ${digest}`,
      );
      const location = new URL(started.headers.get('location') ?? '', base);
      location.searchParams.set('digest', digest);
      await expectOk(
        await send('PUT', location.href, read(), 'application/octet-stream'),
        `the blob ${digest}`,
      );
    },
    async putManifest(reference, mediaType, content) {
      await expectOk(
        await send('PUT', `${base}/v2/${path}/manifests/${reference}`, content, mediaType),
        `the manifest ${reference}`,
      );
    },
  };
}
