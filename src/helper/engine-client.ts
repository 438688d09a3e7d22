import type { CallOptions, EngineProcess } from './engine-process.ts';
import type { LightOperation, Params, Result, StoreOperation } from './protocol.ts';

/** The engine as adapters use it. Processes are started at the first call that needs them. */
export interface EngineClient {
  /** An operation that needs no store. */
  ask<O extends LightOperation>(operation: O, params: Params<O>, options: CallOptions): Promise<Result<O>>;
  /** An operation on the store. */
  store<O extends StoreOperation>(operation: O, params: Params<O>, options: CallOptions): Promise<Result<O>>;
  /** The process that needs no store. */
  light(): Promise<EngineProcess>;
  /** Starts that process without waiting; if it cannot be had, the first call says so. */
  warmUp(): void;
  /** A name for the progress of one call. */
  token(): string;
  /** Ends both; later calls are refused. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Two processes at most: one that needs no privilege and starts fast, and one inside the user namespace
 * that is not even started when everything is up to date.
 */
export function engineClient(start: (store: boolean) => Promise<EngineProcess>): EngineClient {
  const running = new Map<boolean, Promise<EngineProcess>>();
  let closed = false;
  let calls = 0;
  const engine = (store: boolean) => {
    const known = running.get(store);
    if (known) return known;
    if (closed) return Promise.reject(new Error('the engine is used after its end'));
    const started = start(store);
    // Whoever calls hears of it; a warm-up has no caller.
    started.catch(() => undefined);
    running.set(store, started);
    return started;
  };
  return {
    ask: async (operation, params, options) => (await engine(false)).call(operation, params, options),
    store: async (operation, params, options) => (await engine(true)).call(operation, params, options),
    light: () => engine(false),
    warmUp: () => void engine(false),
    token: () => `call-${++calls}`,
    async close() {
      closed = true;
      const started = await Promise.allSettled(running.values());
      await Promise.all(started.map((one) => (one.status === 'fulfilled' ? one.value.close() : undefined)));
    },
  };
}
