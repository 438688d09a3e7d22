import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

interface StoredLease {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

export interface LeaseApiStub {
  /** http:// or https:// */
  readonly url: string;
  /** What is there, by name. */
  readonly leases: Map<string, StoredLease>;
  /** Requests that were refused because of another version. */
  readonly conflicts: () => number;
  /** Changes a lease as somebody else would. */
  change(name: string, spec: Readonly<Record<string, unknown>>): void;
  /** Answers that are given instead; null ends the connection. */
  failing: ((method: string) => number | null | undefined) | undefined;
  /** What a request is sent with. */
  readonly seen: { authorization: string | undefined; certificate: string | undefined };
  close(): Promise<void>;
}

export interface StubOptions {
  /** What requests must be authorized by, such as `Bearer x`; undefined: nothing. */
  readonly authorization?: () => string;
  readonly tls?: ServerOptions;
}

const PATH = /^\/apis\/coordination\.k8s\.io\/v1\/namespaces\/([^/]+)\/leases(?:\/([^/]+))?$/;
const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/** Leases of a Kubernetes API server, in the namespace `locks` alone: versions are checked as the real one does. */
export async function leaseApiStub({ authorization, tls }: StubOptions = {}): Promise<LeaseApiStub> {
  const leases = new Map<string, StoredLease>();
  let [version, conflicts] = [0, 0];
  const put = (name: string, uid: string, metadata: object, spec: object): StoredLease => {
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...metadata, name, uid, resourceVersion: `${++version}` },
      spec: { ...spec },
    };
    leases.set(name, lease);
    return lease;
  };
  const failure = (code: number, message: string): [number, object] => {
    if (code === 409) conflicts++;
    return [code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code }];
  };
  const answer = (method: string, path: string, body: Body): [number, object] => {
    const [, namespace, name] = PATH.exec(path) ?? [];
    if (namespace === undefined) return failure(404, 'the server could not find the requested resource');
    if (namespace !== 'locks' && method === 'POST')
      return failure(404, `namespaces "${namespace}" not found`);
    const wrong = method === 'PUT' || method === 'POST' ? invalid(body, name) : null;
    if (wrong !== null) return failure(422, wrong);
    if (method === 'POST') {
      const wanted = body.metadata?.name ?? '';
      if (leases.has(wanted)) return failure(409, `leases "${wanted}" already exists`);
      return [201, put(wanted, randomUUID(), body.metadata ?? {}, body.spec ?? {})];
    }
    const found = leases.get(name ?? '');
    if (!found || namespace !== 'locks') return failure(404, `leases "${name}" not found`);
    if (method === 'GET') return [200, found];
    const { uid, resourceVersion } = method === 'PUT' ? (body.metadata ?? {}) : (body.preconditions ?? {});
    const isOther = (mine: string | undefined, real: string) => mine !== undefined && mine !== real;
    if (isOther(resourceVersion, found.metadata.resourceVersion) || isOther(uid, found.metadata.uid)) {
      return failure(409, `Operation cannot be fulfilled on leases "${name}": the object has been modified`);
    }
    if (method === 'PUT')
      return [200, put(found.metadata.name, found.metadata.uid, body.metadata ?? {}, body.spec ?? {})];
    leases.delete(found.metadata.name);
    return [200, { kind: 'Status', apiVersion: 'v1', status: 'Success' }];
  };
  const seen: LeaseApiStub['seen'] = { authorization: undefined, certificate: undefined };
  const listener: RequestListener = (request, response) => {
    void bodyOf(request).then((body) => {
      seen.authorization = request.headers.authorization;
      if ('getPeerCertificate' in request.socket) {
        seen.certificate = (request.socket as import('node:tls').TLSSocket).getPeerCertificate().subject
          ?.CN as string;
      }
      const method = request.method ?? '';
      const failing = stub.failing?.(method);
      if (failing === null) return response.destroy();
      const isDenied = authorization !== undefined && seen.authorization !== authorization();
      const [status, content] =
        failing !== undefined
          ? failure(failing, 'as the test wants')
          : isDenied
            ? failure(401, 'Unauthorized')
            : answer(method, request.url ?? '', body);
      return response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
    });
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const stub: LeaseApiStub = {
    url: `http${tls ? 's' : ''}://127.0.0.1:${port}`,
    leases,
    conflicts: () => conflicts,
    change(name, spec) {
      const found = leases.get(name);
      if (found) put(name, found.metadata.uid, found.metadata, { ...found.spec, ...spec });
    },
    failing: undefined,
    seen,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return stub;
}

interface Body {
  readonly metadata?: { readonly name?: string; readonly uid?: string; readonly resourceVersion?: string };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

async function bodyOf(request: IncomingMessage): Promise<Body> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return pieces.length === 0 ? {} : (JSON.parse(Buffer.concat(pieces).toString()) as Body);
}

function invalid({ metadata, spec }: Body, name: string | undefined): string | null {
  if (!/^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/.test(metadata?.name ?? ''))
    return 'metadata.name: Invalid value';
  if (name !== undefined && (metadata?.name !== name || !metadata.resourceVersion)) {
    return 'metadata.resourceVersion: Invalid value: 0x0: must be specified for an update';
  }
  const duration = spec?.['leaseDurationSeconds'];
  if (!Number.isInteger(duration) || Number(duration) < 1)
    return 'spec.leaseDurationSeconds: must be greater than 0';
  if (!MICRO_TIME.test(String(spec?.['renewTime'])))
    return 'spec.renewTime: must be a time with microseconds';
  return null;
}
