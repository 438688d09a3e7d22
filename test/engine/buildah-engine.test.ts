import { readdir, readFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { BuildSource, ContextPart, ImageBuilder } from '../../src/engine/engine.ts';
import { registryProcess } from '../registry/registry-process.ts';
import { BASE, buildah, building, CONTEXT, contextWith, EPOCH, never, patient } from './building.ts';

describe('the embedded Buildah', () => {
  it('opens the store once, at the first call', async () => {
    const { builder, images, opened } = await buildah();
    expect(opened).toEqual([]);
    await Promise.all([builder.open(never), images.list('localhost/app', '', never)]);
    expect(opened).toHaveLength(1);
    expect(opened[0]).toMatchObject({ mode: 'native-chroot', why: expect.stringMatching(/\w+ /) });
  });

  it('builds a Dockerfile from a context that is streamed to it', async () => {
    const { builder, images, runDirectory } = await buildah();
    const lines: string[] = [];
    const text = `${BASE}ARG WHO\nENV WHO=$WHO\nLABEL some=label\nRUN ["/bin/busybox", "sh", "-c", "echo it is $WHO"]\n`;
    const request = building(text, { buildArgs: new Map([['WHO', 'me']]) });
    const { facts } = await builder.build(request, patient({ onLine: (line) => lines.push(line) }));
    expect(lines.join('\n')).toContain('it is me');
    expect(facts.created).toEqual(new Date(EPOCH * 1000));
    expect(facts.env).toContain('WHO=me');
    expect(facts.labels.get('some')).toBe('label');
    expect(facts.platform).toBe('linux/amd64');
    expect((await images.inspect(facts.id, never))?.facts.id).toBe(facts.id);
    expect(await leftovers(runDirectory)).toEqual([]);
  });

  it('asks only for those parts of the context that it cannot remember', async () => {
    const { builder } = await buildah();
    const asked: ContextPart[] = [];
    const noting = (context: BuildSource): BuildSource => ({
      ...context,
      write(part, sink, signal) {
        asked.push(part);
        return context.write(part, sink, signal);
      },
    });
    const build = (text: string, context: BuildSource) =>
      builder.build(building(text, { context: noting(context) }), patient());
    await build(BASE, CONTEXT);
    expect(asked.splice(0).sort()).toEqual([0, 1]);
    await build(`${BASE}LABEL some=label\n`, CONTEXT);
    expect(asked.splice(0)).toEqual([]);
    await build(BASE, contextWith('other\n'));
    expect(asked).toEqual([1]);
  });

  it('names, labels, lists and removes images', async () => {
    const { builder, images } = await buildah();
    const { facts } = await builder.build(building(BASE), patient());
    const change = {
      labels: new Map([
        ['b', '2'],
        ['a', '1'],
      ]),
      sourceDateEpoch: EPOCH,
      name: 'localhost/app:one',
    };
    const relabelled = await builder.relabel(facts.id, change, patient());
    expect(relabelled.facts.labels.get('a')).toBe('1');
    expect(relabelled.facts.id).not.toBe(facts.id);
    await images.tag('localhost/app:one', 'localhost/app:another', never);
    expect(await images.list('localhost/app', '', never)).toEqual(['another', 'one']);
    expect(await images.list('localhost/app', 'o', never)).toEqual(['one']);
    await images.remove('localhost/app:one', never);
    expect(await images.list('localhost/app', '', never)).toEqual(['another']);
    expect(await images.inspect('localhost/app:one', never)).toBeNull();
  });

  it('pushes to a registry and pulls from it', async () => {
    const { host } = await registryProcess();
    const { builder, images } = await buildah();
    const { facts } = await builder.build(building(BASE), patient());
    const reference = `${host}/app:one`;
    const pushed = await builder.push(facts.id, reference, patient());
    expect(pushed.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    await images.remove(facts.id, never);
    expect(await images.inspect(facts.id, never)).toBeNull();
    const options = { policy: 'missing' as const, platform: facts.platform };
    const { image, pulled } = await builder.pull(reference, options, patient());
    expect(pulled).toBe(true);
    expect(image.facts.id).toBe(facts.id);
    expect((await builder.pull(reference, options, patient())).pulled).toBe(false);
  });

  it('tells which instruction failed, where, and its last words', async () => {
    const { builder } = await buildah();
    const text = `${BASE}RUN ["/bin/busybox", "sh", "-c", "echo last words; exit 7"]\n`;
    await expect(builder.build(building(text), patient())).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      status: 7,
      line: 4,
      instruction: expect.stringContaining('exit 7'),
      tail: expect.arrayContaining([expect.stringContaining('last words')]),
    });
  });

  it('fails with the reason why the context could not be written', async () => {
    const { builder, images, runDirectory } = await buildah();
    const broken = async (sink: Writable) => {
      sink.write(Buffer.alloc(512));
      await sleep(20);
      throw new Error('git is broken');
    };
    const failed = builder.build(
      building(BASE, { context: { ...CONTEXT, write: (_, sink) => broken(sink) } }),
      patient(),
    );
    await expect(failed).rejects.toThrow('git is broken');
    expect(await leftovers(runDirectory)).toEqual([]);
    expect(await images.list('localhost/app', '', never)).toEqual([]);
  });

  it('stops a running instruction when it is cancelled, and can build afterwards', async () => {
    const { builder, runDirectory } = await buildah();
    const stop = new AbortController();
    const { built, marker } = await sleepingBuild(builder, stop.signal);
    stop.abort(new Error('enough'));
    await expect(built).rejects.toThrow('enough');
    expect(await commandLines()).not.toContain(marker);
    expect(await leftovers(runDirectory)).toEqual([]);
    expect((await builder.build(building(BASE), patient())).facts.id).toMatch(/^sha256:/);
  });

  it('fails, and takes a running instruction along, when it is killed', async () => {
    const { builder, pids } = await buildah();
    const { built, marker } = await sleepingBuild(builder);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await expect(built).rejects.toMatchObject({
      code: 'ENGINE_DIED',
      message: 'slipway-engine ended unexpectedly (signal SIGKILL)',
    });
    await expect.poll(commandLines).not.toContain(marker);
  });

  it('stops a running instruction when it is closed', async () => {
    const { engine, builder } = await buildah();
    const { built, marker } = await sleepingBuild(builder);
    await engine.close();
    await expect(built).rejects.toBeInstanceOf(Error);
    expect(await commandLines()).not.toContain(marker);
  });
});

/** Starts a build that waits for ever in a RUN, and waits until it does. */
async function sleepingBuild(builder: ImageBuilder, signal = never) {
  const marker = `${Math.trunc(Math.random() * 1e9) + 1e6}`;
  const text = `${BASE}RUN ["/bin/busybox", "sh", "-c", "echo started; /bin/busybox sleep ${marker}"]\n`;
  const lines: string[] = [];
  const built = builder.build(building(text), patient({ signal, onLine: (line) => lines.push(line) }));
  built.catch(() => undefined);
  await expect.poll(() => lines, { timeout: 20_000 }).toContain('started');
  expect(await commandLines()).toContain(marker);
  return { built, marker };
}

/** What a finished build leaves besides the engine's own settings, which last as long as the run. */
async function leftovers(runDirectory: string): Promise<readonly string[]> {
  const names = await readdir(runDirectory, { recursive: true });
  return names.filter((name) => name.startsWith('tmp/') || !/^(tmp|.*\.(conf|json))$/.test(name));
}

async function commandLines(): Promise<string> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.join('\n');
}
