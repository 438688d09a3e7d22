import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startEngine } from '../../src/helper/engine-process.ts';
import { locateEngine } from '../../src/helper/locate-engine.ts';
import { OPERATIONS } from '../../src/helper/protocol.ts';
import { isAlive } from './is-alive.ts';
import { realEngine } from './real-engine.ts';
import { testSettings } from './scripted.ts';
import { silentServer } from './silent-server.ts';

const never = new AbortController().signal;
const program = new URL('../../src/main.ts', import.meta.url).pathname;

describe('the real engine', () => {
  it('knows every operation of the protocol', async () => {
    const { engine } = await realEngine();
    const light = await engine.light();
    const unknown: string[] = [];
    for (const operation of Object.keys(OPERATIONS) as (keyof typeof OPERATIONS)[]) {
      const call = light.call(operation, { nonsense: true } as never, { signal: never });
      await call.catch((error: { code: string }) => {
        if (error.code === 'ENGINE_FAILED') unknown.push(operation);
      });
    }
    expect(unknown).toEqual([]);
  });

  it('refuses a command of another version', async () => {
    const start = startEngine({
      program: await locateEngine({ override: '', cwd: '/', program, architecture: 'x64' }),
      store: false,
      version: '9.9.9',
      settings: await testSettings(),
      env: { PATH: process.env['PATH'] },
      mask: (line) => line,
      onLog: () => undefined,
    });
    await expect(start).rejects.toMatchObject({
      code: 'ENGINE_VERSION',
      message: expect.stringMatching(/0\.1\.0.*9\.9\.9/),
    });
  });

  it('ends a long call when it is cancelled, and goes on with others', async () => {
    const server = await silentServer();
    const { engine } = await realEngine();
    const stop = new AbortController();
    const head = { reference: `${server.host}/some:tag` };
    const waiting = engine.ask('registry.head', head, { signal: stop.signal });
    await server.connected;
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    const parsed = await engine
      .ask('match.paths', await noPaths(), { signal: never })
      .catch((error) => error);
    expect(parsed).not.toMatchObject({ code: 'ENGINE_DIED' });
  });

  it('ends a call that is cancelled in the moment it is sent', async () => {
    const server = await silentServer();
    const { engine } = await realEngine();
    await engine.light();
    const stop = new AbortController();
    const waiting = engine.ask(
      'registry.head',
      { reference: `${server.host}/some:tag` },
      { signal: stop.signal },
    );
    await Promise.resolve();
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });

  it('fails all waiting calls when it is killed', async () => {
    const server = await silentServer();
    const { engine, pids } = await realEngine();
    const calls = [1, 2, 3].map((n) =>
      engine.ask('registry.head', { reference: `${server.host}/some:tag${n}` }, { signal: never }),
    );
    await server.connected;
    const [pid = 0] = pids;
    process.kill(pid, 'SIGKILL');
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({
        reason: { code: 'ENGINE_DIED', message: 'slipway-engine ended unexpectedly (signal SIGKILL)' },
      });
    }
  });

  it('is gone when it was closed, also while a call waits', async () => {
    const server = await silentServer();
    const { engine, pids } = await realEngine();
    const waiting = engine.ask('registry.head', { reference: `${server.host}/some:tag` }, { signal: never });
    waiting.catch(() => undefined);
    await server.connected;
    const begun = performance.now();
    await engine.close();
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(pids.map(isAlive)).toEqual([false]);
    await expect(waiting).rejects.toBeInstanceOf(Error);
    await sleep(0);
  });
});

async function noPaths() {
  return { listFile: '/dev/null', queries: [] };
}
