/** Where stages are kept in a registry: `host[:port]/path`, no tag, no digest. */
export type RepositoryAddress = string & { readonly __repository: unique symbol };

const HOST = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/;
const PART = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;

export type RepositoryParse =
  | { readonly ok: true; readonly address: RepositoryAddress }
  | { readonly ok: false; readonly reason: string };

/**
 * Parses the value of `--repo` and its kin. `docker://` in front is dropped.
 * A first part without `.`, `:` that is not `localhost` is a path on docker.io.
 */
export function parseRepository(text: string): RepositoryParse {
  const plain = text.trim().replace(/^docker:\/\//, '');
  const fail = (reason: string): RepositoryParse => ({ ok: false, reason });
  if (/^https?:\/\//.test(plain)) return fail('it must be written without http:// or https://');
  if (plain.includes('@')) return fail('it must not name a digest');
  const [first = '', ...rest] = plain.split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const [host, path] = isHost ? [first, rest] : ['docker.io', [first, ...rest]];
  if (!HOST.test(host)) return fail(`"${host}" is not a registry host`);
  if ((path.at(-1) ?? '').includes(':')) return fail('it must not name a tag');
  const bad = path.find((part) => !PART.test(part));
  if (bad !== undefined) {
    return fail(bad === '' ? 'a part of its path is empty' : `"${bad}" is not allowed in a repository path`);
  }
  return { ok: true, address: `${host}/${path.join('/')}` as RepositoryAddress };
}

export function registryHost(address: RepositoryAddress): string {
  return address.slice(0, address.indexOf('/'));
}
