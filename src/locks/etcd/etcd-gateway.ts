import { z } from 'zod';
import { type JsonRequests, Unreachable } from '../json-requests.ts';
import { LeaseDenied, type LeaseTimes } from '../leases.ts';
import { withTries } from '../tries.ts';

export interface EtcdPlace {
  /** Addresses such as `https://host:2379`; they are tried in turn. */
  readonly endpoints: readonly string[];
  readonly user: { readonly name: string; readonly password: string } | null;
}

/** What etcd answered that is no success. */
export class EtcdRefusal extends Error {
  override readonly name = 'EtcdRefusal';
  /** As gRPC numbers them. */
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Calls of etcd's JSON gateway. */
export interface EtcdGateway {
  /**
   * @param path behind `/v3/`
   * @param tries rounds through all endpoints
   * @throws Unreachable; LeaseDenied; EtcdRefusal; the signal's reason
   */
  call(path: string, body: object, tries: number, signal: AbortSignal): Promise<unknown>;
  /** What a watch tells, until it ends. */
  watch(body: object, signal: AbortSignal): AsyncIterable<unknown>;
}

const UNAUTHENTICATED = 16;
const PERMISSION_DENIED = 7;
const INVALID_ARGUMENT = 3;
const Refused = z.object({ code: z.number(), error: z.string().optional(), message: z.string().optional() });
const Authenticated = z.object({ token: z.string() });

export function etcdGateway(
  { endpoints, user }: EtcdPlace,
  requests: JsonRequests,
  { answer, pause }: Pick<LeaseTimes, 'answer' | 'pause'>,
): EtcdGateway {
  let [current, token] = [0, ''];
  const endpoint = () => endpoints[current % endpoints.length] ?? '';
  const send = async (path: string, body: object, signal: AbortSignal): Promise<unknown> => {
    const headers: Record<string, string> = token === '' ? {} : { authorization: token };
    const { status, body: said } = await requests.ask(
      { method: 'POST', url: `${endpoint()}/v3/${path}`, headers, body },
      { timeout: answer, signal },
    );
    if (status === 200) return said;
    const refused = Refused.safeParse(said);
    if (!refused.success)
      throw new Unreachable(`status ${status} without a word of etcd: is it one, of 3.4 or newer?`);
    const { code, error, message } = refused.data;
    throw new EtcdRefusal(code, error ?? message ?? `code ${code}`);
  };
  const signIn = async (signal: AbortSignal): Promise<void> => {
    token = '';
    if (user === null) return;
    try {
      const said = await send('auth/authenticate', user, signal);
      token = Authenticated.parse(said).token;
    } catch (error) {
      if (!(error instanceof EtcdRefusal)) throw error;
      // It has no users: then it asks for none.
      if (!/not enabled/.test(error.message)) throw new LeaseDenied(error.message, { cause: error });
    }
  };
  const once = async (path: string, body: object, signal: AbortSignal): Promise<unknown> => {
    if (user !== null && token === '') await signIn(signal);
    try {
      return await send(path, body, signal);
    } catch (error) {
      if (user === null || !(error instanceof EtcdRefusal) || error.code !== UNAUTHENTICATED) throw error;
      // Tokens end.
      await signIn(signal);
      return await send(path, body, signal);
    }
  };
  /** The one that answered last is asked first. */
  const round = async (path: string, body: object, signal: AbortSignal): Promise<unknown> => {
    for (let asked = 1; ; asked++) {
      try {
        return await once(path, body, signal);
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        current++;
        if (asked >= endpoints.length) throw error;
      }
    }
  };
  return {
    async call(path, body, tries, signal) {
      try {
        return await withTries({ most: tries, pause, signal }, () => round(path, body, signal));
      } catch (error) {
        throw error instanceof EtcdRefusal && isDenial(error)
          ? new LeaseDenied(error.message, { cause: error })
          : error;
      }
    },
    async *watch(body, signal) {
      const headers: Record<string, string> = token === '' ? {} : { authorization: token };
      yield* requests.follow({ method: 'POST', url: `${endpoint()}/v3/watch`, headers, body }, signal);
    },
  };
}

function isDenial({ code, message }: EtcdRefusal): boolean {
  if (code === UNAUTHENTICATED || code === PERMISSION_DENIED) return true;
  return code === INVALID_ARGUMENT && /user name is empty|authentication|auth token/.test(message);
}
