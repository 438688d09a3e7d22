import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/diagnostics/user-error.ts';
import { engineClient } from '../../src/helper/engine-client.ts';
import type { EngineProcess } from '../../src/helper/engine-process.ts';
import { scripted } from './scripted.ts';

const options = { signal: new AbortController().signal };
const query = { repository: 'echo', prefix: 'a', refresh: false };

describe('the engine client', () => {
  it('starts each of the two processes once, when it is first needed', async () => {
    const started: boolean[] = [];
    const client = engineClient((store) => {
      started.push(store);
      return scripted('', { store });
    });
    expect(started).toEqual([]);
    await Promise.all([
      client.ask('registry.tags', query, options),
      client.ask('registry.tags', query, options),
    ]);
    expect(started).toEqual([false]);
    await client.store('image.build', {} as never, options).catch(() => undefined);
    expect(started).toEqual([false, true]);
    await client.close();
  });

  it('may be warmed up, and tells the caller, not the warmer, that it failed', async () => {
    let started = 0;
    const client = engineClient(() => {
      started++;
      return Promise.reject(new UserError('ENGINE_NOT_FOUND', 'nowhere'));
    });
    client.warmUp();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(started).toBe(1);
    await expect(client.ask('registry.tags', query, options)).rejects.toThrow('nowhere');
    expect(started).toBe(1);
    await client.close();
  });

  it('closes what is just being started, and starts nothing afterwards', async () => {
    let engine: EngineProcess | undefined;
    const client = engineClient(async () => {
      engine = await scripted();
      return engine;
    });
    client.warmUp();
    await client.close();
    await expect(engine?.call('registry.tags', query, options)).rejects.toMatchObject({
      message: 'slipway-engine was stopped: it was closed',
    });
    await expect(client.store('image.inspect', { image: 'a' }, options)).rejects.toThrow('after its end');
  });

  it('names calls differently', () => {
    const client = engineClient(() => Promise.reject(new Error('not needed')));
    expect(new Set([client.token(), client.token(), client.token()]).size).toBe(3);
  });
});
