import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import { z } from 'zod';
import { UserError } from '../../diagnostics/user-error.ts';
import { type JsonAnswer, type JsonRequest, type JsonRequests, jsonRequests } from '../json-requests.ts';
import { LeaseDenied } from '../leases.ts';
import { execCredentials } from './exec-credentials.ts';
import type { KubeAccess, Material } from './kubeconfig.ts';

/** Requests to the API server of a cluster. */
export interface KubeApi {
  /**
   * @param path from `/apis` on
   * @returns also answers such as 404 and 409
   * @throws Unreachable; LeaseDenied for 401 and 403, and where the server does not know what is asked for; the signal's reason
   */
  send(
    method: JsonRequest['method'],
    path: string,
    body: object | null,
    signal: AbortSignal,
  ): Promise<JsonAnswer>;
}

interface Session {
  readonly requests: JsonRequests;
  readonly token: string | null;
  /** Unix milliseconds; null: until it is refused. */
  readonly until: number | null;
}

const Status = z.object({ message: z.string() });
/** Milliseconds before their end that credentials are asked for again. */
const EARLY = 10_000;

/** @param answer milliseconds until the answer to one request is there */
export function kubeApi(
  access: KubeAccess,
  { env, answer }: { readonly env: Readonly<Record<string, string | undefined>>; readonly answer: number },
): KubeApi {
  let opened: Promise<Session> | undefined;
  const session = async (signal: AbortSignal): Promise<Session> => {
    opened ??= open(access, env, signal);
    const opening = opened;
    try {
      const known = await opening;
      if (known.until === null || Date.now() < known.until - EARLY) return known;
    } catch (error) {
      if (opened === opening) opened = undefined;
      throw error;
    }
    if (opened === opening) opened = open(access, env, signal);
    return await (opened ?? opening);
  };
  const once = async (
    method: JsonRequest['method'],
    path: string,
    body: object | null,
    signal: AbortSignal,
  ) => {
    const { requests, token } = await session(signal);
    const headers = authorizationOf(access, token ?? (await tokenOf(access)));
    const request = { method, url: `${access.server}${path}`, headers, ...(body === null ? {} : { body }) };
    return await requests.ask(request, { timeout: answer, signal });
  };
  return {
    async send(method, path, body, signal) {
      let said = await once(method, path, body, signal);
      if (said.status === 401 && access.exec) {
        opened = undefined;
        said = await once(method, path, body, signal);
      }
      if (said.status === 401 || said.status === 403) throw new LeaseDenied(messageOf(said));
      return said;
    },
  };
}

/** What an answer says that is no success. */
export function messageOf({ status, body }: JsonAnswer): string {
  const read = Status.safeParse(body);
  return read.success ? read.data.message : `status ${status}`;
}

async function open(
  access: KubeAccess,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Session> {
  const [authority, certificate, key] = await Promise.all(
    [access.authority, access.certificate, access.key].map((material) => material && textOf(material)),
  );
  const given = access.exec
    ? await execCredentials(access.exec, clusterOf(access, authority), { env, signal })
    : null;
  const [cert, secret] = given?.certificate ? [given.certificate, given.key] : [certificate, key];
  const tls = {
    ca: authority ?? [...rootCertificates],
    rejectUnauthorized: !access.skipVerify,
    ...(cert && secret ? { cert, key: secret } : {}),
    ...(access.serverName === null ? {} : { servername: access.serverName }),
  };
  return { requests: jsonRequests(tls), token: given?.token ?? null, until: given?.until ?? null };
}

/** As plugins are told of it. */
function clusterOf({ server, serverName, skipVerify }: KubeAccess, authority: string | null | undefined) {
  return {
    server,
    'insecure-skip-tls-verify': skipVerify,
    ...(serverName === null ? {} : { 'tls-server-name': serverName }),
    ...(authority ? { 'certificate-authority-data': Buffer.from(authority).toString('base64') } : {}),
  };
}

/** Tokens of files are read anew each time: pods get new ones. */
async function tokenOf({ token }: KubeAccess): Promise<string | null> {
  if (token === null) return null;
  return token.kind === 'text' ? token.text : (await textOf(token)).trim();
}

function authorizationOf({ basic }: KubeAccess, token: string | null): Readonly<Record<string, string>> {
  if (token !== null && token !== '') return { authorization: `Bearer ${token}` };
  if (basic === null) return {};
  return { authorization: `Basic ${Buffer.from(`${basic.name}:${basic.password}`).toString('base64')}` };
}

async function textOf(material: Material): Promise<string> {
  if (material.kind === 'data') return Buffer.from(material.base64, 'base64').toString('utf8');
  return await readFile(material.path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new UserError(
      'KUBECONFIG_BAD',
      `${material.path}, named by the kubeconfig, cannot be read: ${cause.message}`,
      {
        cause,
      },
    );
  });
}
