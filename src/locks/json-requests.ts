import { setMaxListeners } from 'node:events';
import {
  type ClientRequest,
  type IncomingMessage,
  Agent as PlainAgent,
  request as plainRequest,
} from 'node:http';
import { request as secureRequest, Agent as TlsAgent } from 'node:https';
import type { ConnectionOptions } from 'node:tls';

/** No answer that means anything: the connection failed, the time was up, or the server is not well. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

export interface JsonAnswer {
  readonly status: number;
  /** null where the answer was no JSON. */
  readonly body: unknown;
}

export interface JsonRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `http://` or `https://`. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Requests of JSON over connections that are kept open, but keep no process from ending. */
export interface JsonRequests {
  /**
   * @param timeout milliseconds until the whole answer is there
   * @throws Unreachable also for status 429 and from 500 on; the signal's reason
   */
  ask(
    request: JsonRequest,
    options: { readonly timeout: number; readonly signal: AbortSignal },
  ): Promise<JsonAnswer>;
  /**
   * Lines of an answer that goes on, each of them JSON, until either side ends it.
   * @throws Unreachable; the signal's reason
   */
  follow(request: JsonRequest, signal: AbortSignal): AsyncIterable<unknown>;
}

const LARGEST_ANSWER = 4 * 1024 * 1024;

/** @param tls what connections by `https://` are checked with */
export function jsonRequests(tls: ConnectionOptions): JsonRequests {
  const [plain, secure] = [new PlainAgent({ keepAlive: true }), new TlsAgent({ keepAlive: true, ...tls })];
  const start = (request: JsonRequest, signal: AbortSignal): ClientRequest => {
    const content = request.body === undefined ? null : JSON.stringify(request.body);
    const options = {
      method: request.method,
      signal,
      headers: {
        accept: 'application/json',
        ...(content === null
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }),
        ...request.headers,
      },
    };
    const sent = request.url.startsWith('https:')
      ? secureRequest(request.url, { ...options, agent: secure })
      : plainRequest(request.url, { ...options, agent: plain });
    sent.end(content ?? undefined);
    return sent;
  };
  return {
    async ask(request, { timeout, signal }) {
      signal.throwIfAborted();
      setMaxListeners(0, signal);
      const late = AbortSignal.timeout(timeout);
      try {
        const answer = await answerTo(start(request, AbortSignal.any([signal, late])));
        const text = await textOf(answer);
        const status = answer.statusCode ?? 0;
        if (status === 429 || status >= 500)
          throw new Unreachable(`status ${status}: ${text.slice(0, 300).trim()}`);
        return { status, body: parse(text) };
      } catch (error) {
        signal.throwIfAborted();
        if (late.aborted) throw new Unreachable(`no answer within ${timeout / 1000} s`, { cause: error });
        throw unreachable(error);
      }
    },
    async *follow(request, signal) {
      signal.throwIfAborted();
      setMaxListeners(0, signal);
      try {
        const answer = await answerTo(start(request, signal));
        answer.setEncoding('utf8');
        let rest = '';
        for await (const piece of answer as AsyncIterable<string>) {
          const lines = `${rest}${piece}`.split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) yield parse(line);
        }
      } catch (error) {
        signal.throwIfAborted();
        throw unreachable(error);
      }
    },
  };
}

function answerTo(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once('response', resolve);
    // It may fail again while the answer is read, which tells it too.
    sent.on('error', reject);
  });
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > LARGEST_ANSWER) throw new Error('the answer is too large');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function unreachable(error: unknown): Unreachable {
  if (error instanceof Unreachable) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return new Unreachable(message || code || 'the connection failed', { cause: error });
}
