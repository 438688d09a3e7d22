import type { EngineClient } from '../../helper/engine-client.ts';
import type { CallOptions } from '../../helper/engine-process.ts';
import type { Archives, Transfer } from '../archives.ts';

/** Archives that the engine reads and writes: no blob passes through this process. */
export function nativeArchives(engine: EngineClient): Archives {
  return {
    async list(path, signal) {
      return (await engine.ask('archive.list', { path }, { signal })).images;
    },
    async fill(path, images, transfer) {
      const params = { token: engine.token(), path, images: images.map((image) => ({ ...image })) };
      return await engine.ask('archive.fill', params, reporting(transfer));
    },
    async unload(path, images, transfer) {
      const params = { token: engine.token(), path, images: images.map((image) => ({ ...image })) };
      await engine.ask('archive.unload', params, reporting(transfer));
    },
  };
}

function reporting({ task, signal }: Transfer): CallOptions {
  return {
    signal,
    onProgress({ kind, text, done, total }) {
      if (kind === 'bytes') task.bytes(done, total);
      else task.line(text);
    },
  };
}
