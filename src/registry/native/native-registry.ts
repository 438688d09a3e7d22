import type { EngineClient } from '../../helper/engine-client.ts';
import { imageFactsOf } from '../../helper/image-facts-of.ts';
import type { Registry } from '../registry.ts';

/** Registries reached by the engine, so that pulls, pushes and lists share credentials, mirrors and certificates. */
export function nativeRegistry(engine: EngineClient): Registry {
  return {
    async tags(repository, query, signal) {
      const { tags } = await engine.ask('registry.tags', { repository, ...query }, { signal });
      return [...tags].sort();
    },
    async image(reference, platform, signal) {
      return imageFactsOf(await engine.ask('registry.image', { reference, platform }, { signal }));
    },
    async head(reference, signal) {
      const { found, digest } = await engine.ask('registry.head', { reference }, { signal });
      return found ? digest : null;
    },
    async configuration(reference, platform, signal) {
      const { text } = await engine.ask('registry.configuration', { reference, platform }, { signal });
      return text === '' ? null : text;
    },
    async reconfigure(from, to, change, signal) {
      const params = { token: engine.token(), from, to, ...change };
      return (await engine.ask('registry.reconfigure', params, { signal })).digest;
    },
    async record(reference, labels, signal) {
      const pairs = [...labels].map(([name, value]) => ({ name, value }));
      await engine.ask('registry.record', { reference, labels: pairs }, { signal });
    },
    async index(repository, tag, images, signal) {
      const params = { token: engine.token(), repository, tag, images: [...images] };
      return (await engine.ask('registry.index', params, { signal })).digest;
    },
    async copy(from, to, signal) {
      await engine.ask('registry.copy', { token: engine.token(), from, to }, { signal });
    },
    async delete(reference, signal) {
      await engine.ask('registry.delete', { reference }, { signal });
    },
  };
}
