import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineClient } from '../../helper/engine-client.ts';
import type { DockerfileReader, PathSet } from '../dockerfile.ts';

/** Dockerfiles read and paths matched by the engine. @param runDirectory where lists of paths are put for a moment */
export function nativeDockerfileReader(
  engine: EngineClient,
  runDirectory: () => Promise<string>,
): DockerfileReader {
  return {
    parse: (request, signal) => engine.ask('dockerfile.parse', request, { signal }),
    async match(paths, queries, signal) {
      const listFile = join(await runDirectory(), `${engine.token()}.paths`);
      try {
        await writeFile(listFile, paths.map((path) => `${path}\0`).join(''), { mode: 0o600 });
        const { bitmaps } = await engine.ask('match.paths', { listFile, queries: [...queries] }, { signal });
        return bitmaps.map(pathSet);
      } finally {
        await rm(listFile, { force: true });
      }
    },
  };
}

function pathSet(bitmap: string): PathSet {
  const bytes = Buffer.from(bitmap, 'base64');
  return { has: (index) => (((bytes[index >> 3] ?? 0) >> (index & 7)) & 1) === 1 };
}
