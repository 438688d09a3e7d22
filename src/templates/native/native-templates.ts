import type { EngineClient } from '../../helper/engine-client.ts';
import type { Answers } from '../../helper/protocol.ts';
import type { TemplateHost, TemplateRenderer } from '../templates.ts';

/** Go templates, rendered by the engine. */
export function nativeTemplates(engine: EngineClient): TemplateRenderer {
  return {
    async render(request, host, { signal, onDebug }) {
      const light = await engine.light();
      const refusals: unknown[] = [];
      const stopAnswering = light.answer(answersOf(host, refusals));
      const token = engine.token();
      try {
        const call = { ...request, files: [...request.files], token };
        return await light.call('template.render', call, { signal, onProgress: ({ text }) => onDebug(text) });
      } catch (error) {
        // What the host refused comes back with the place in the template; the refusal itself is its cause.
        const [refusal] = refusals;
        if (refusal !== undefined && error instanceof Error && error.cause === undefined)
          error.cause = refusal;
        throw error;
      } finally {
        stopAnswering();
      }
    },
  };
}

function answersOf(host: TemplateHost, refusals: unknown[]): Answers {
  const remembering =
    <P, R>(answer: (params: P) => Promise<R>) =>
    async (params: P): Promise<R> => {
      try {
        return await answer(params);
      } catch (error) {
        refusals.push(error);
        throw error;
      }
    };
  return {
    'files.get': remembering(async ({ path }) => ({ text: await host.readFile(path) })),
    'files.glob': remembering(async ({ pattern }) => {
      const files = await host.glob(pattern);
      return { files: [...files].map(([name, text]) => ({ name, text })) };
    }),
    'files.exists': remembering(async ({ path }) => ({ yes: await host.exists(path) })),
    'files.isDir': remembering(async ({ path }) => ({ yes: await host.isDirectory(path) })),
    'env.get': remembering(async ({ name, hasDefault, defaultValue }) => ({
      text: await host.env(name, hasDefault ? defaultValue : null),
    })),
  };
}
