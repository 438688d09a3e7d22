import type { CallOptions, EngineProcess } from './engine-process.ts';
import type { Operation, Params, Result } from './protocol.ts';

/** The engine as adapters use it. Processes are started at the first call that needs them. */
export interface EngineClient {
  /** An operation that needs no store. */
  ask<O extends Operation>(operation: O, params: Params<O>, options: CallOptions): Promise<Result<O>>;
  /** An operation on the store. */
  store<O extends Operation>(operation: O, params: Params<O>, options: CallOptions): Promise<Result<O>>;
  /** The process that needs no store. */
  light(): Promise<EngineProcess>;
  /** A name for the progress of one call. */
  token(): string;
  close(): Promise<void>;
}

/**
 * Two processes at most: one that needs no privilege and starts fast, and one inside the user namespace
 * that is not even started when everything is up to date.
 */
export function engineClient(start: (store: boolean) => Promise<EngineProcess>): EngineClient {
  const running: { light?: Promise<EngineProcess>; store?: Promise<EngineProcess> } = {};
  const light = () => (running.light ??= start(false));
  const store = () => (running.store ??= start(true));
  let calls = 0;
  return {
    ask: async (operation, params, options) => (await light()).call(operation, params, options),
    store: async (operation, params, options) => (await store()).call(operation, params, options),
    light,
    token: () => `call-${++calls}`,
    async close() {
      const started = await Promise.allSettled([running.light, running.store]);
      await Promise.all(
        started.map((engine) => (engine.status === 'fulfilled' ? engine.value?.close() : undefined)),
      );
    },
  };
}
