import { join } from 'node:path';
import { sharedWork } from '../../concurrency/shared-work.ts';
import type { EngineClient } from '../../helper/engine-client.ts';
import type { CallOptions } from '../../helper/engine-process.ts';
import { imageFactsOf } from '../../helper/image-facts-of.ts';
import type { Params, StoreOperation } from '../../helper/protocol.ts';
import type { DockerfileBuild, ImageBuilder, ImageInsides, LocalImages, OpenedStore } from '../engine.ts';
import type { UserTerminal } from '../terminal-link.ts';
import type { Workshop } from '../workshop.ts';
import { type Call, expected, pairs, reporting, withContext } from './engine-calls.ts';
import { stageMaker } from './stage-adapter.ts';
import { terminalRelay } from './terminal-relay.ts';

export interface BuildahEngineParts {
  readonly engine: EngineClient;
  /** Private directory of this run; its path is short enough for sockets. */
  readonly runDirectory: () => Promise<string>;
  readonly open: Params<'store.open'>;
  /** Told once, when the store is opened. */
  readonly onOpened: (opened: OpenedStore) => void;
  /** The one that the user sits at; null: there is none. */
  readonly terminal: UserTerminal | null;
  /** Told before a command gets the user's terminal, and after it was given back. */
  readonly onTerminal: (taken: boolean) => void;
}

/** Images built and kept by the embedded Buildah. The store is opened at the first call. */
export function buildahEngine(parts: BuildahEngineParts): Workshop {
  const { engine } = parts;
  const opening = sharedWork<OpenedStore>();
  const open = (signal: AbortSignal) =>
    opening.get('store', async () => {
      const opened = await engine.store('store.open', parts.open, { signal });
      parts.onOpened(opened);
      return opened;
    });
  const call = async <O extends StoreOperation>(operation: O, params: Params<O>, options: CallOptions) => {
    await open(options.signal);
    return await engine.store(operation, params, options);
  };
  const stages = stageMaker({ call, open, token: () => engine.token(), runDirectory: parts.runDirectory });
  const terminals = terminalRelay({
    terminal: parts.terminal,
    socketPath: async () => join(await parts.runDirectory(), `${engine.token()}.tty`),
    resize: async (socket, size, signal) => {
      await call('terminal.resize', { socket, ...size }, { signal });
    },
    onTaken: parts.onTerminal,
  });
  return {
    builder: builderOf(parts, open, call),
    stages,
    terminals,
    images: imagesOf(call),
    insides: insidesOf(engine, call),
  };
}

function builderOf(
  { engine, runDirectory, open: settings }: BuildahEngineParts,
  open: ImageBuilder['open'],
  call: Call,
): ImageBuilder {
  const token = () => engine.token();
  return {
    open,
    check(signal) {
      const { driver, mode, runtime, ulimits } = settings;
      return engine.store('host.check', { driver, mode, runtime, ulimits }, { signal });
    },
    async build(request, waiting) {
      await open(waiting.signal);
      const params = { ...buildParams(request), token: token(), contextSocket: '' };
      if (request.context === null) {
        return { facts: expected(await call('image.build', params, reporting(waiting))) };
      }
      const path = join(await runDirectory(), `${params.token}.sock`);
      const facts = await withContext(path, request.context, waiting.signal, (signal) =>
        call('image.build', { ...params, contextSocket: path }, reporting(waiting, signal)),
      );
      return { facts: expected(facts) };
    },
    async relabel(image, { labels, sourceDateEpoch, name }, waiting) {
      const params = { image, labels: pairs(labels), sourceDateEpoch, name };
      return { facts: expected({ facts: await call('image.commit', params, reporting(waiting)) }) };
    },
    async pull(reference, { policy, platform }, waiting) {
      const params = { token: token(), reference, policy, platform };
      const { facts, pulled, warnings } = await call('image.pull', params, reporting(waiting));
      return { image: { facts: expected({ facts }) }, pulled, warnings };
    },
    async run(image, { command, terminal }, waiting) {
      const params = {
        token: token(),
        image,
        command: [...command],
        terminal: terminal ? [{ ...terminal }] : [],
      };
      return (await call('image.run', params, reporting(waiting))).exitCode;
    },
    push(image, reference, waiting) {
      return call('image.push', { token: token(), image, reference }, reporting(waiting));
    },
  };
}

function imagesOf(call: Call): LocalImages {
  return {
    async list(repository, prefix, signal) {
      const { tags } = await call('image.list', { repository, prefix }, { signal });
      return [...tags].sort();
    },
    async inspect(image, signal) {
      const facts = imageFactsOf(await call('image.inspect', { image }, { signal }));
      return facts && { facts };
    },
    async tag(image, name, signal) {
      await call('image.tag', { image, name }, { signal });
    },
    async remove(image, signal) {
      await call('image.remove', { image }, { signal });
    },
  };
}

function insidesOf(engine: EngineClient, call: Call): ImageInsides {
  return {
    configuration: async (image, signal) => (await call('image.configuration', { image }, { signal })).text,
    async exportLayer(image, { index, file }, signal) {
      await call('layer.export', { image, index, file }, { signal });
    },
    async compareLayers([first, second], limit, signal) {
      return (await engine.ask('layer.compare', { first, second, limit }, { signal })).differences;
    },
  };
}

function buildParams(request: DockerfileBuild) {
  const { context, buildArgs, addHosts, secrets, sshAgents, ...same } = request;
  return {
    ...same,
    contextChecksums: [...(context?.checksums ?? [])],
    buildArgs: pairs(buildArgs),
    addHosts: [...addHosts],
    secrets: [...secrets].map(([id, content]) => ({ id, content: content.toString('base64') })),
    sshAgents: pairs(sshAgents),
  };
}
