/** Where builders lock what they work on. */
export type Synchronization =
  | { readonly kind: 'local' }
  | {
      readonly kind: 'etcd';
      readonly tls: boolean;
      /** host:port each, at least one. */
      readonly endpoints: readonly string[];
      readonly user: { readonly name: string; readonly password: string } | null;
    }
  | {
      readonly kind: 'kubernetes';
      readonly namespace: string;
      /** null: the current one of the file. */
      readonly context: string | null;
      readonly config:
        | { readonly kind: 'text'; readonly base64: string }
        | { readonly kind: 'file'; readonly path: string }
        | null;
    };

export type ParsedSynchronization =
  | { readonly ok: true; readonly value: Synchronization }
  | { readonly ok: false; readonly reason: string };

const FORMS = ':local, etcd://HOST:PORT, etcds://HOST:PORT, or kubernetes://NAMESPACE[:CONTEXT][@CONFIG]';
const ETCD_PORT = 2379;

/** Reads the value of `--synchronization`. Reasons never repeat passwords or what configurations hold. */
export function parseSynchronization(text: string): ParsedSynchronization {
  if (text === ':local') return { ok: true, value: { kind: 'local' } };
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme === 'etcd' || scheme === 'etcds') return parseEtcd(rest, scheme === 'etcds');
  if (scheme === 'kubernetes') return parseKubernetes(rest);
  if (scheme === 'http' || scheme === 'https') {
    return wrong(
      `lock servers (${scheme}://) are not supported yet: use an etcd cluster (etcd://HOST:PORT) or Kubernetes (kubernetes://NAMESPACE), or leave it out: builds are right without any lock`,
    );
  }
  return wrong(`it must be ${FORMS}`);
}

/** What of it must not be shown. */
export function secretsOfSynchronization(place: Synchronization): readonly string[] {
  if (place.kind === 'etcd' && place.user)
    return [place.user.password, encodeURIComponent(place.user.password)];
  if (place.kind === 'kubernetes' && place.config?.kind === 'text') return [place.config.base64];
  return [];
}

/** For people: as it was given, without what must not be shown. */
export function describeSynchronization(place: Synchronization): string {
  if (place.kind === 'local') return ':local';
  if (place.kind === 'etcd') return `etcd${place.tls ? 's' : ''}://${place.endpoints.join(',')}`;
  return `kubernetes://${place.namespace}${place.context === null ? '' : `:${place.context}`}`;
}

function parseEtcd(rest: string, tls: boolean): ParsedSynchronization {
  const at = rest.lastIndexOf('@');
  const user = at < 0 ? null : parseUser(rest.slice(0, at));
  if (user === undefined) return wrong('what stands before @ must be USER:PASSWORD, in the way of URLs');
  const places = rest
    .slice(at + 1)
    .replace(/\/$/, '')
    .split(',');
  const endpoints = places.map(parseEndpoint);
  const bad = places.find((_, index) => endpoints[index] === null);
  if (bad !== undefined) return wrong(`"${bad}" is not HOST or HOST:PORT`);
  const known = endpoints.filter((endpoint) => endpoint !== null);
  return { ok: true, value: { kind: 'etcd', tls, endpoints: [...new Set(known)], user } };
}

function parseUser(text: string): { readonly name: string; readonly password: string } | undefined {
  const [, name = '', password = ''] = /^([^:]+):(.+)$/s.exec(text) ?? [];
  try {
    return name === ''
      ? undefined
      : { name: decodeURIComponent(name), password: decodeURIComponent(password) };
  } catch {
    return undefined;
  }
}

function parseEndpoint(text: string): string | null {
  const [, host, port = `${ETCD_PORT}`] =
    /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?$/.exec(text) ?? [];
  const isPort = Number(port) >= 1 && Number(port) <= 65_535;
  return host !== undefined && isPort ? `${host}:${Number(port)}` : null;
}

/** Where the configuration begins behind a context, whose name may hold colons, slashes and @ too. */
const CONFIG_BEHIND_CONTEXT = /@(?=base64:|~?\/|\.\.?\/)/;

function parseKubernetes(rest: string): ParsedSynchronization {
  const [namespace = ''] = /^[^:@]*/.exec(rest) ?? [];
  if (!/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace)) {
    return wrong(
      `"${namespace}" is not the name of a namespace: it must be kubernetes://NAMESPACE[:CONTEXT][@CONFIG]`,
    );
  }
  const behind = rest.slice(namespace.length);
  const at = behind.startsWith('@') ? 0 : behind.search(CONFIG_BEHIND_CONTEXT);
  const config = at < 0 ? null : behind.slice(at + 1);
  if (config === '' || config === 'base64:') return wrong('nothing stands behind @');
  const context = (at < 0 ? behind : behind.slice(0, at)).slice(1);
  return {
    ok: true,
    value: {
      kind: 'kubernetes',
      namespace,
      context: context === '' ? null : context,
      config: configOf(config),
    },
  };
}

function configOf(text: string | null) {
  if (text === null) return null;
  if (!text.startsWith('base64:')) return { kind: 'file', path: text } as const;
  return { kind: 'text', base64: text.slice('base64:'.length) } as const;
}

function wrong(reason: string): ParsedSynchronization {
  return { ok: false, reason };
}
