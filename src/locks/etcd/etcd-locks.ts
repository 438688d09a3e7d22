import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import { UserError } from '../../diagnostics/user-error.ts';
import { jsonRequests } from '../json-requests.ts';
import { leasedLocks } from '../leased-locks.ts';
import { LEASE_TIMES, type LeaseTimes } from '../leases.ts';
import type { Locks, WarnOfLocks } from '../locks.ts';
import { etcdGateway } from './etcd-gateway.ts';
import { etcdLeases } from './etcd-leases.ts';

export interface EtcdLocksParts {
  readonly place: {
    readonly tls: boolean;
    /** host:port each; asked in turn. */
    readonly endpoints: readonly string[];
    readonly user: { readonly name: string; readonly password: string } | null;
  };
  /** For messages, without what must not be shown. */
  readonly address: string;
  /** SSL_CERT_FILE, and what etcdctl reads: ETCDCTL_CACERT, ETCDCTL_CERT, ETCDCTL_KEY. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly warn: WarnOfLocks;
  readonly times?: LeaseTimes;
}

/**
 * Locks among all builders that ask the same etcd cluster, of 3.4 or newer, by its JSON gateway.
 * @throws UserError LOCKS_CERTIFICATE when a file that a variable names cannot be read
 */
export async function etcdLocks({
  place,
  address,
  env,
  warn,
  times = LEASE_TIMES,
}: EtcdLocksParts): Promise<Locks> {
  const scheme = place.tls ? 'https' : 'http';
  const requests = jsonRequests(place.tls ? await tlsOf(env) : {});
  const gateway = etcdGateway(
    { endpoints: place.endpoints.map((endpoint) => `${scheme}://${endpoint}`), user: place.user },
    requests,
    times,
  );
  return leasedLocks(etcdLeases(address, gateway, times), times, warn);
}

async function tlsOf(env: EtcdLocksParts['env']) {
  const read = async (variable: string): Promise<string | null> => {
    const path = env[variable] ?? '';
    if (path === '') return null;
    return await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      throw new UserError('LOCKS_CERTIFICATE', `${variable}: ${path} cannot be read: ${cause.message}`, {
        hint: `correct ${variable}, or unset it`,
        cause,
      });
    });
  };
  const [system, own, cert, key] = await Promise.all(
    ['SSL_CERT_FILE', 'ETCDCTL_CACERT', 'ETCDCTL_CERT', 'ETCDCTL_KEY'].map(read),
  );
  return {
    ca: own ? [own] : [...rootCertificates, ...(system ? [system] : await systemCertificates())],
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
  };
}

/** What administrators have added to the machine. */
async function systemCertificates(): Promise<readonly string[]> {
  for (const path of [
    '/etc/ssl/certs/ca-certificates.crt',
    '/etc/pki/tls/certs/ca-bundle.crt',
    '/etc/ssl/cert.pem',
  ]) {
    const text = await readFile(path, 'utf8').catch(() => null);
    if (text !== null) return [text];
  }
  return [];
}
