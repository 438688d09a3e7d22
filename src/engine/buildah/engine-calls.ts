import type { CallOptions } from '../../helper/engine-process.ts';
import { imageFactsOf } from '../../helper/image-facts-of.ts';
import type { Params, Result, StoreOperation } from '../../helper/protocol.ts';
import type { ImageFacts } from '../../oci/image-facts.ts';
import type { BuildSource, Waiting } from '../engine.ts';
import { contextSocket } from './context-socket.ts';

export type Call = <O extends StoreOperation>(
  operation: O,
  params: Params<O>,
  options: CallOptions,
) => Promise<Result<O>>;

/** Runs `build` while a socket at `path` offers the context. The failure of one ends the other. */
export async function withContext<T>(
  path: string,
  context: BuildSource,
  signal: AbortSignal,
  build: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const joined = AbortSignal.any([signal, stop.signal]);
  const socket = await contextSocket(path, context, joined);
  const built = build(joined);
  try {
    return await Promise.race([built, socket.failure]);
  } finally {
    stop.abort();
    await Promise.allSettled([built]);
    await socket.close();
  }
}

export function pairs(map: ReadonlyMap<string, string>): { name: string; value: string }[] {
  return [...map].map(([name, value]) => ({ name, value }));
}

export function reporting(waiting: Waiting, signal = waiting.signal): CallOptions {
  return {
    signal,
    onProgress({ kind, text, done, total }) {
      if (kind === 'bytes') waiting.onBytes(done, total);
      else if (kind === 'usage') waiting.onDetail?.(text);
      else waiting.onLine(text);
    },
  };
}

/** Results of these operations always name an image. */
export function expected({ facts }: { readonly facts: Result<'image.inspect'> }): ImageFacts {
  const known = imageFactsOf(facts);
  if (!known) throw new Error('the engine answered without an image');
  return known;
}
