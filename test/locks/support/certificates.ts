import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

export interface Certificates {
  /** Paths of PEM files. */
  readonly ca: string;
  /** Of 127.0.0.1. */
  readonly server: { readonly cert: string; readonly key: string };
  /** Of the client `builder`. */
  readonly client: { readonly cert: string; readonly key: string };
}

/** An authority of its own, and what it has signed. */
export async function certificates(directory: string): Promise<Certificates> {
  const at = (name: string) => join(directory, name);
  const openssl = (args: readonly string[]) => execa('openssl', args, { cwd: directory });
  const keyOf = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await openssl([
    ...['req', '-x509', ...keyOf, '-days', '2', '-subj', '/CN=authority of a test'],
    ...['-keyout', 'ca.key', '-out', 'ca.pem'],
  ]);
  const signed = async (name: string, subject: string, extension: string) => {
    await writeFile(at(`${name}.ext`), extension);
    await openssl(['req', ...keyOf, '-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.csr`]);
    await openssl([
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-days', '2', '-extfile', `${name}.ext`, '-out', `${name}.pem`],
    ]);
    return { cert: at(`${name}.pem`), key: at(`${name}.key`) };
  };
  return {
    ca: at('ca.pem'),
    server: await signed('server', '/CN=server', 'subjectAltName=IP:127.0.0.1\n'),
    client: await signed('client', '/O=builders/CN=builder', 'extendedKeyUsage=clientAuth\n'),
  };
}
