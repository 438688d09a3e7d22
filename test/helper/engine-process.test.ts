import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { BuildFailed } from '../../src/helper/engine-failure.ts';
import type { EngineProcess } from '../../src/helper/engine-process.ts';
import { SPOKEN_PROTOCOL } from '../../src/helper/greet-engine.ts';
import { PROTOCOL_VERSION } from '../../src/helper/protocol.ts';
import { isAlive } from './is-alive.ts';
import { SCRIPTED, scripted, temporaryDirectory, testSettings } from './scripted.ts';

const never = new AbortController().signal;

function tags(engine: EngineProcess, repository: string, signal = never, prefix = '') {
  return engine.call('registry.tags', { repository, prefix, refresh: false }, { signal });
}

/** Process ids of scripted engines that were started with this run directory. */
async function startedIn(runDirectory: string): Promise<readonly number[]> {
  const names = await readdir(runDirectory);
  return names.map((name) => Number(name.replace('engine-', '')));
}

describe('the greeting', () => {
  it('speaks the version of the schema', () => {
    expect(SPOKEN_PROTOCOL).toBe(PROTOCOL_VERSION);
  });

  it.each([
    ['other-version', /version 9\.9\.9 .*slipway is 0\.1\.0/],
    ['other-protocol', new RegExp(`protocol 77.*protocol ${PROTOCOL_VERSION}\\)`)],
    ['refuses-version', /9\.9\.9 does not fit/],
  ])('refuses an engine that has another version: %s', async (script, message) => {
    const refused = scripted(script);
    await expect(refused).rejects.toMatchObject({
      code: 'ENGINE_VERSION',
      message: expect.stringMatching(message),
      hint: expect.stringContaining('same version'),
    });
  });

  it('does not wait for ever for an answer', async () => {
    await expect(scripted('mute', { grace: 300 })).rejects.toMatchObject({
      code: 'ENGINE_SILENT',
      message: `${SCRIPTED} did not answer within 0.3 seconds`,
    });
  });

  it('tells the last words of an engine that dies at once', async () => {
    await expect(scripted('greets-by-dying')).rejects.toMatchObject({
      code: 'ENGINE_DIED',
      message: 'slipway-engine ended unexpectedly (exit status 4)',
      tail: ['cannot open the house'],
    });
  });

  it('says so when the program cannot be started', async () => {
    await expect(scripted('', { program: '/nowhere/slipway-engine' })).rejects.toMatchObject({
      code: 'ENGINE_DIED',
      message: expect.stringContaining('could not be started'),
    });
  });

  it.each([
    [false, 'serve'],
    [true, 'serve --store'],
  ])('starts the engine with the store only where it is needed: %s', async (store, args) => {
    const settings = await testSettings();
    await scripted('', { store, settings });
    const [pid = 0] = await startedIn(settings.runDirectory);
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    expect(line.slice(line.indexOf(SCRIPTED) + 1, -1).join(' ')).toBe(args);
  });
});

describe('a call', () => {
  it('gives the result of its own, also among many', async () => {
    const engine = await scripted();
    const words = Array.from({ length: 200 }, (_, i) => `word-${i}`);
    const answers = await Promise.all(words.map((word) => tags(engine, 'echo', never, word)));
    expect(answers.flatMap(({ tags }) => tags)).toEqual(words);
  });

  it('is one of many on one signal, and nobody is warned of a leak', async () => {
    const warned: string[] = [];
    const listen = (warning: Error) => warned.push(warning.name);
    process.on('warning', listen);
    const engine = await scripted();
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 20 }, () => tags(engine, 'echo', signal)));
    process.off('warning', listen);
    expect(warned).toEqual([]);
  });

  it('hears of its own progress, in order, before it ends', async () => {
    const engine = await scripted();
    const heard: string[] = [];
    const options = { signal: never, onProgress: ({ text }: { text: string }) => heard.push(text) };
    await engine.call('registry.copy', { token: 'call-1', from: 'a', to: 'b' }, options);
    expect(heard).toEqual(['one', 'two', 'three']);
  });

  it('fails with code, hint and last lines of the engine', async () => {
    const engine = await scripted();
    await expect(tags(engine, 'fail')).rejects.toMatchObject({
      code: 'REGISTRY_DENIED',
      message: 'no access to it',
      hint: 'log in first',
      tail: ['401'],
    });
  });

  it('fails with the message where the engine says nothing else', async () => {
    const engine = await scripted();
    await expect(tags(engine, 'fail oddly')).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      message: 'no data at all',
    });
  });

  it('tells instruction, line and exit status of a failed build', async () => {
    const engine = await scripted();
    const failed = engine.call('image.build', {} as never, { signal: never });
    await expect(failed).rejects.toBeInstanceOf(BuildFailed);
    await expect(failed).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      status: 7,
      instruction: 'RUN false',
      line: 3,
      tail: ['last words'],
      exitCode: 1,
    });
  });

  it('leaves no listener on the signal', async () => {
    const engine = await scripted();
    const { signal } = new AbortController();
    const listening: string[] = [];
    const count = { add: signal.addEventListener, remove: signal.removeEventListener };
    signal.addEventListener = (...args: Parameters<typeof count.add>) => {
      listening.push(args[0]);
      count.add.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof count.remove>) => {
      listening.splice(listening.indexOf(args[0]), 1);
      count.remove.apply(signal, args);
    };
    await tags(engine, 'echo', signal);
    await tags(engine, 'fail', signal).catch(() => undefined);
    expect(listening).toEqual([]);
  });
});

describe('a cancelled call', () => {
  it('is not sent when it is too late', async () => {
    const engine = await scripted();
    await expect(tags(engine, 'die', AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    expect(await tags(engine, 'echo', never, 'alive')).toEqual({ tags: ['alive'] });
  });

  it('ends with the reason once the engine has ended it', async () => {
    const lines: string[] = [];
    const engine = await scripted('', { onLog: (line) => lines.push(line) });
    const stop = new AbortController();
    const waiting = tags(engine, 'wait slowly', stop.signal);
    await sleep(50);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect.poll(() => lines).toEqual(['cleaned up']);
    expect(await tags(engine, 'echo', never, 'alive')).toEqual({ tags: ['alive'] });
  });

  it('leaves the others alone', async () => {
    const engine = await scripted();
    const [one, other] = [new AbortController(), new AbortController()];
    const first = tags(engine, 'wait', one.signal);
    const second = tags(engine, 'wait', other.signal);
    one.abort(new Error('the first'));
    await expect(first).rejects.toThrow('the first');
    expect(await Promise.race([second, sleep(100, 'still waiting')])).toBe('still waiting');
    other.abort(new Error('the second'));
    await expect(second).rejects.toThrow('the second');
  });

  it('ends with the engine when that does not let go', async () => {
    const engine = await scripted('', { grace: 200 });
    const stop = new AbortController();
    const cancelled = tags(engine, 'never let go', stop.signal);
    const other = tags(engine, 'wait');
    other.catch(() => undefined);
    stop.abort(new Error('enough'));
    await expect(cancelled).rejects.toThrow('enough');
    await expect(other).rejects.toMatchObject({
      code: 'ENGINE_DIED',
      message: 'slipway-engine was stopped: it did not end a cancelled call',
    });
  });
});

describe('a dead engine', () => {
  it('fails every waiting call and every later one with its last words, secrets masked', async () => {
    const lines: string[] = [];
    const engine = await scripted('', {
      mask: (line) => line.replaceAll('hunter22', '***'),
      onLog: (line) => lines.push(line),
    });
    const waiting = [tags(engine, 'wait'), tags(engine, 'wait'), tags(engine, 'die')];
    const news = {
      code: 'ENGINE_DIED',
      message: 'slipway-engine ended unexpectedly (exit status 3)',
      tail: ['the sky falls: password ***'],
    };
    for (const call of await Promise.allSettled(waiting)) {
      expect(call).toMatchObject({ status: 'rejected', reason: news });
    }
    await expect(tags(engine, 'echo')).rejects.toMatchObject(news);
    expect(lines).toEqual(news.tail);
  });

  it('is seen when it was killed', async () => {
    const settings = await testSettings();
    const engine = await scripted('', { settings });
    const waiting = [tags(engine, 'wait'), tags(engine, 'wait')];
    const [pid = 0] = await startedIn(settings.runDirectory);
    await sleep(50);
    process.kill(pid, 'SIGKILL');
    for (const call of await Promise.allSettled(waiting)) {
      expect(call).toMatchObject({
        reason: { message: 'slipway-engine ended unexpectedly (signal SIGKILL)' },
      });
    }
  });

  it('is seen though a child of it holds its pipes, and takes that child along', async () => {
    const engine = await scripted();
    const before = sleepers();
    await expect(tags(engine, 'die with a child that holds the pipes')).rejects.toMatchObject({
      message: 'slipway-engine ended unexpectedly (signal SIGKILL)',
    });
    await expect.poll(sleepers).toEqual(before);
  });

  it('tells the last 50 lines', async () => {
    const engine = await scripted();
    const tail = Array.from({ length: 50 }, (_, i) => `line ${1951 + i}`);
    await expect(tags(engine, 'flood and die')).rejects.toMatchObject({ tail });
  });
});

describe('an engine that misbehaves', () => {
  it('may flood its log', async () => {
    const lines: string[] = [];
    const engine = await scripted('', { onLog: (line) => lines.push(line) });
    expect(await tags(engine, 'flood')).toEqual({ tags: ['dry'] });
    await expect.poll(() => lines.length).toBe(20_000);
    expect(lines.at(-1)).toBe('line 20000');
  });

  it('is ended when it writes what is no message', async () => {
    const engine = await scripted();
    await expect(tags(engine, 'garbage')).rejects.toMatchObject({
      code: 'ENGINE_DIED',
      message: expect.stringMatching(/^slipway-engine was stopped: what it wrote is no message/),
    });
  });

  it('is ended when it closes its output', async () => {
    const engine = await scripted();
    await expect(tags(engine, 'close output')).rejects.toMatchObject({
      code: 'ENGINE_DIED',
      message: 'slipway-engine was stopped: it closed its output',
    });
  });
});

describe('closing', () => {
  it('leaves no process, also when called twice at once', async () => {
    const settings = await testSettings();
    const engine = await scripted('', { settings });
    const [pid = 0] = await startedIn(settings.runDirectory);
    expect(isAlive(pid)).toBe(true);
    await Promise.all([engine.close(), engine.close()]);
    expect(isAlive(pid)).toBe(false);
    await expect(tags(engine, 'echo')).rejects.toMatchObject({
      message: 'slipway-engine was stopped: it was closed',
    });
  });

  it('kills an engine that ignores the end of its input and SIGTERM', async () => {
    const settings = await testSettings();
    const lines: string[] = [];
    const engine = await scripted('stubborn', { settings, grace: 300, onLog: (line) => lines.push(line) });
    const [pid = 0] = await startedIn(settings.runDirectory);
    await engine.close();
    expect(lines).toEqual(['SIGTERM ignored']);
    expect(isAlive(pid)).toBe(false);
  });

  it('happens by itself when the command dies', async () => {
    const settings = await testSettings();
    const module = fileURLToPath(new URL('../../src/helper/engine-process.ts', import.meta.url));
    const start = {
      program: SCRIPTED,
      store: false,
      version: '0.1.0',
      settings,
      env: { PATH: process.env['PATH'] },
    };
    const contents = `
      import { startEngine } from ${JSON.stringify(module)};
      const start = { ...${JSON.stringify(start)}, mask: (line) => line, onLog: () => undefined };
      startEngine(start).then(() => process.kill(process.pid, 'SIGKILL'));
    `;
    const outfile = join(await temporaryDirectory(), 'command.cjs');
    await build({ stdin: { contents, resolveDir: '.' }, bundle: true, platform: 'node', outfile });
    const command = await execa(process.execPath, [outfile], { reject: false });
    expect(command.signal).toBe('SIGKILL');
    const [pid = 0] = await startedIn(settings.runDirectory);
    expect(pid).toBeGreaterThan(0);
    await expect.poll(() => isAlive(pid)).toBe(false);
  });
});

function sleepers(): string[] {
  return execFileSync('sh', ['-c', 'pgrep -fx "sleep 60" || true']).toString().split('\n').filter(Boolean);
}
