import { isAbsolute, resolve } from 'node:path';
import { UserError } from '../../diagnostics/user-error.ts';
import type { RemoteRequest } from '../remote-repositories.ts';

/** Where a remote repository is, and how git gets in. */
export interface RemoteAddress {
  /** Without a password; a path is absolute. */
  readonly url: string;
  /** Arguments of git in front of its command; no secrets. */
  readonly settings: readonly string[];
  /** Variables for git; the only place of secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** What must not be shown. */
  readonly secrets: readonly string[];
}

/** Git runs it by a shell, which finds the secrets in the environment. */
const HELPER = `!f() { test "$1" = get && printf 'username=%s\\npassword=%s\\n' "$SLIPWAY_GIT_USERNAME" "$SLIPWAY_GIT_PASSWORD"; }; f`;

/** @param directory absolute: what paths are relative to */
export function remoteAddress(
  request: Pick<RemoteRequest, 'url' | 'credentials' | 'name'>,
  directory: string,
): RemoteAddress {
  const parsed = parsedUrl(request.url);
  if (parsed === null)
    return { ...OPEN, url: isPath(request.url) ? resolve(directory, request.url) : request.url };
  const stated =
    parsed.password === ''
      ? null
      : { username: decoded(parsed.username), password: decoded(parsed.password) };
  parsed.password = '';
  const isHttp = /^https?:$/.test(parsed.protocol);
  const credentials = request.credentials ?? stated;
  if (request.credentials !== null || (isHttp && stated !== null)) parsed.username = '';
  const url = stated === null && request.credentials === null ? request.url : parsed.href;
  if (!isHttp || credentials === null) return { ...OPEN, url };
  const { username, password } = credentials;
  if (/[\r\n\0]/.test(username + password)) {
    throw new UserError('GIT_CREDENTIALS', `the credentials of ${request.name} have more than one line`, {
      hint: 'a file of a password must hold nothing else',
    });
  }
  return {
    url,
    // Where the server sends git to another one, that one must not get them.
    settings: ['', HELPER].flatMap((helper) => ['-c', `credential.${parsed.origin}.helper=${helper}`]),
    env: { SLIPWAY_GIT_USERNAME: username, SLIPWAY_GIT_PASSWORD: password },
    secrets: [password, encodeURIComponent(password)],
  };
}

const OPEN = { settings: [], env: {}, secrets: [] } as const;

/** Null for a path and for `git@host:path`. */
function parsedUrl(url: string): URL | null {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(url) || /^file:/i.test(url)) return null;
  return URL.canParse(url) ? new URL(url) : null;
}

/** Git takes `host:path` for an address where no slash stands before the colon. */
function isPath(url: string): boolean {
  return isAbsolute(url) || !/^[^/]+:/.test(url);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
