import { join } from 'node:path';
import type { Params } from '../../helper/protocol.ts';
import type { BuildSource } from '../engine.ts';
import type { StageCommand, StageFiles, StageImport, StageMaker, StageRequest } from '../stage-maker.ts';
import { type Call, expected, pairs, reporting, withContext } from './engine-calls.ts';

export interface StageAdapterParts {
  readonly call: Call;
  readonly token: () => string;
  readonly open: (signal: AbortSignal) => Promise<unknown>;
  readonly runDirectory: () => Promise<string>;
}

/** Stages made by the embedded Buildah. */
export function stageMaker({ call, token, open, runDirectory }: StageAdapterParts): StageMaker {
  return {
    async make(request, waiting) {
      await open(waiting.signal);
      const params = { ...makeParams(request), token: token(), filesSocket: '' };
      const make = async (filesSocket: string, signal: AbortSignal) => {
        const { facts } = await call('stage.make', { ...params, filesSocket }, reporting(waiting, signal));
        return facts.found ? { facts: expected({ facts }) } : null;
      };
      if (request.files.every(({ write }) => write === null)) return await make('', waiting.signal);
      const path = join(await runDirectory(), `${params.token}.sock`);
      return await withContext(path, sourceOf(request.files), waiting.signal, (signal) => make(path, signal));
    },
    checksum(files, signal) {
      return call('files.checksum', selection(files), { signal });
    },
    configuration: async (image, signal) => (await call('image.configuration', { image }, { signal })).text,
    async reconfigure(image, configuration, signal) {
      return {
        facts: expected({ facts: await call('image.reconfigure', { image, configuration }, { signal }) }),
      };
    },
    async record(name, labels, signal) {
      const params = { name, labels: pairs(labels) };
      return { facts: expected({ facts: await call('image.record', params, { signal }) }) };
    },
  };
}

/** Gives each mapping's tar by its number. */
function sourceOf(files: readonly StageFiles[]): BuildSource {
  return {
    checksums: files.map(() => ''),
    async write(part, sink, signal) {
      const write = part === 'all' ? null : files[part]?.write;
      if (!write) throw new Error(`the engine asked for files "${part}" that a stage does not have`);
      await write(sink, signal);
    },
  };
}

function makeParams(request: StageRequest): Omit<Params<'stage.make'>, 'token' | 'filesSocket'> {
  const { base, platform, emptied, imports, files, command, env, labels } = request;
  const { createdBy, sourceDateEpoch, uploadTo } = request;
  return {
    base,
    platform,
    emptied: [...emptied],
    imports: imports.map(importParams),
    files: files.map(({ write, removed, to, owner, group }) => ({
      to,
      owner,
      group,
      removed: [...removed],
      hasFiles: write !== null,
    })),
    run: command ? [runParams(command)] : [],
    env: pairs(env),
    labels: pairs(labels),
    createdBy,
    sourceDateEpoch,
    uploadTo,
  };
}

function selection({ image, add, includePaths, excludePaths }: Omit<StageImport, 'to' | 'owner' | 'group'>) {
  return { image, add, includePaths: [...includePaths], excludePaths: [...excludePaths] };
}

function importParams(one: StageImport): Params<'stage.make'>['imports'][number] {
  const { to, owner, group } = one;
  return { ...selection(one), to, owner, group };
}

function runParams(given: StageCommand): Params<'stage.make'>['run'][number] {
  const { command, env, mounts, files, secrets, sshAgent, network, shell } = given;
  return {
    command: [...command],
    env: pairs(env),
    mounts: mounts.map((mount) => ({ ...mount })),
    files: files.map(({ target, content, executable }) => ({
      target,
      content: Buffer.from(content).toString('base64'),
      executable,
    })),
    secrets: [...secrets].map(([id, content]) => ({ id, content: content.toString('base64') })),
    sshAgent,
    network,
    addHosts: [],
    shell: shell ? [{ ...shell, command: [...shell.command] }] : [],
  };
}
