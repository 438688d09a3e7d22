import { keyedMutex } from '../../concurrency/keyed-mutex.ts';
import { UserError } from '../../diagnostics/user-error.ts';
import type { EngineClient } from '../../helper/engine-client.ts';
import type { Answers } from '../../helper/protocol.ts';
import type { TemplateHost, TemplateRenderer } from '../templates.ts';

/** Go templates, rendered by the engine. One at a time: its questions do not say which rendering asks. */
export function nativeTemplates(engine: EngineClient): TemplateRenderer {
  const turns = keyedMutex();
  return {
    render: (request, host, { signal, onDebug }) =>
      turns.run('render', async () => {
        const light = await engine.light();
        const refusals: UserError[] = [];
        const stopAnswering = light.answer(answersOf(host, refusals));
        const call = { ...request, files: [...request.files], token: engine.token() };
        try {
          const rendered = await light.call('template.render', call, {
            signal,
            onProgress: ({ text }) => onDebug(text),
          });
          return { ...rendered, refusal: refusals[0] ?? null };
        } finally {
          stopAnswering();
        }
      }),
  };
}

function answersOf(host: TemplateHost, refusals: UserError[]): Answers {
  const remembering =
    <P, R>(answer: (params: P) => Promise<R>) =>
    async (params: P): Promise<R> => {
      try {
        return await answer(params);
      } catch (error) {
        if (error instanceof UserError) refusals.push(error);
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
