import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate authority that nobody knows, and a certificate of its for one address. Paths of PEM files. */
export interface OwnAuthority {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
  remove(): Promise<void>;
}

/** @param address an IP address */
export async function ownAuthority(address: string): Promise<OwnAuthority> {
  const directory = await mkdtemp(join(tmpdir(), 'slipway-authority-'));
  const at = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const own = ['-keyout', at('ca.key'), '-out', at('ca.crt'), '-subj', '/CN=own authority'];
  openssl('req', '-x509', ...curve, ...own, '-days', '2');
  const names = ['-subj', '/CN=registry', '-addext', `subjectAltName=IP:${address}`];
  const signed = ['-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-addext', 'basicConstraints=CA:FALSE'];
  const files = ['-keyout', at('registry.key'), '-out', at('registry.crt')];
  openssl('req', '-x509', ...curve, ...files, ...names, ...signed, '-days', '2');
  return {
    authority: at('ca.crt'),
    certificate: at('registry.crt'),
    key: at('registry.key'),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
