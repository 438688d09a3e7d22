import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/diagnostics/user-error.ts';
import { engineClient } from '../../src/helper/engine-client.ts';
import { nativeTemplates } from '../../src/templates/native/native-templates.ts';
import type { RenderRequest, TemplateHost } from '../../src/templates/templates.ts';
import { scripted } from '../helper/scripted.ts';

const waiting = { signal: new AbortController().signal, onDebug: () => undefined };

function host(over: Partial<TemplateHost> = {}): TemplateHost {
  return {
    readFile: async (path) => `text of ${path}`,
    glob: async () => new Map(),
    exists: async () => true,
    isDirectory: async () => false,
    env: async (_, fallback) => fallback ?? '',
    ...over,
  };
}

function request(main: string): RenderRequest {
  return { files: [], main, env: '', commitHash: '', commitUnix: '', commitHuman: '', debug: false };
}

/** Asks for the text of `main`, then whether it exists, and answers with both. */
function asking() {
  return nativeTemplates(engineClient(() => scripted()));
}

describe('templates rendered by the engine', () => {
  it('get what they ask for from the host', async () => {
    const { text } = await asking().render(request('a'), host({ exists: async () => false }), waiting);
    expect(text).toBe('text of a false');
  });

  it('do not get the answers of another one that is rendered at the same time', async () => {
    const templates = asking();
    const one = templates.render(request('a'), host({ exists: async () => false }), waiting);
    const other = templates.render(request('b'), host({ readFile: async () => 'other' }), waiting);
    expect((await one).text).toBe('text of a false');
    expect((await other).text).toBe('other true');
  });

  it('tell what the host refused with', async () => {
    const refusal = new UserError('GITERMINISM', 'the file "a" is not committed', { hint: 'commit it' });
    const refusing = host({ readFile: () => Promise.reject(refusal) });
    const rendered = await asking().render(request('a'), refusing, waiting);
    expect(rendered.refusal).toBe(refusal);
    expect(rendered.problems).toMatchObject([{ message: 'the file "a" is not committed', file: 'a' }]);
  });

  it('tell with the words of the host when that is broken itself', async () => {
    const broken = host({ readFile: () => Promise.reject(new Error('no idea')) });
    const rendered = await asking().render(request('a'), broken, waiting);
    expect(rendered.refusal).toBeNull();
    expect(rendered.problems[0]?.message).toContain('no idea');
  });
});
