import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What can go wrong with a request. */
export type Fault =
  /** The connection is cut before the registry hears of it. */
  | 'cut'
  /** The registry has done it, and the answer is lost. */
  | 'lost'
  /** Half of the answer arrives. */
  | 'half'
  /** 500 */
  | 'failed'
  /** 429, to be tried again after a second. */
  | 'busy';

export interface FaultProxy {
  /** host:port, plain HTTP. */
  readonly host: string;
  /** Requests that went through or failed, with the address they came from. */
  readonly requests: readonly string[];
  /** How often each has happened. */
  readonly faults: ReadonlyMap<Fault, number>;
  stop(): Promise<void>;
}

export interface FaultProxyOptions {
  /** Where it listens. */
  readonly address?: string;
  /** What happens to a request from this address; null: nothing. */
  readonly choose?: (from: string) => Fault | null;
  /** Milliseconds before a request from this address is passed on. */
  readonly delay?: (from: string) => number;
  /** May answer itself. @returns whether it did */
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;
}

/** Stands before a registry, and does wrong what it is told to. @param registry host:port */
export async function faultProxy(
  registry: string,
  { address = '127.0.0.1', choose = () => null, delay = () => 0, answer }: FaultProxyOptions = {},
): Promise<FaultProxy> {
  const requests: string[] = [];
  const faults = new Map<Fault, number>();
  const [hostname = '', port = ''] = registry.split(':');
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const from = request.socket.remoteAddress ?? '';
    requests.push(`${from} ${request.method} ${request.url}`);
    const pause = delay(from);
    if (pause > 0) await sleep(pause);
    const fault = choose(from);
    if (fault) faults.set(fault, (faults.get(fault) ?? 0) + 1);
    if (fault === 'cut') return request.socket.destroy();
    if (fault === 'failed' || fault === 'busy') return refuse(request, response, fault);
    if (await answer?.(request, response)) return;
    pass(request, response, { hostname, port, fault });
  };
  const server = createServer((request, response) => {
    serve(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port: own } = server.address() as AddressInfo;
  return {
    host: `${address}:${own}`,
    requests,
    faults,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function refuse(request: IncomingMessage, response: ServerResponse, fault: 'failed' | 'busy'): void {
  request.resume();
  if (fault === 'busy') response.setHeader('retry-after', '1');
  response.writeHead(fault === 'busy' ? 429 : 500, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({ errors: [{ code: fault === 'busy' ? 'TOOMANYREQUESTS' : 'UNKNOWN', message: fault }] }),
  );
}

function pass(
  request: IncomingMessage,
  response: ServerResponse,
  {
    hostname,
    port,
    fault,
  }: { readonly hostname: string; readonly port: string; readonly fault: Fault | null },
): void {
  const { method, url, headers } = request;
  const behind = forward({ hostname, port, method, path: url, headers }, (said) => {
    if (fault === 'lost') {
      said.resume().once('end', () => request.socket.destroy());
      return;
    }
    response.writeHead(said.statusCode ?? 502, said.headers);
    if (fault !== 'half') return void said.pipe(response);
    const half = Math.floor(Number(said.headers['content-length'] ?? 0) / 2);
    let sent = 0;
    said.on('data', (piece: Buffer) => {
      if (sent < half) response.write(piece.subarray(0, half - sent));
      sent += piece.length;
    });
    said.once('end', () => response.socket?.end(() => request.socket.destroy()));
  });
  behind.once('error', () => request.socket.destroy());
  request.once('close', () => {
    if (!request.complete) behind.destroy();
  });
  request.pipe(behind);
}
