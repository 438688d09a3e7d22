import type { BuiltImage } from '../conveyor/built-image.ts';
import { lastOf } from '../conveyor/image-result.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { runTaskOnceBusy } from '../progress/task.ts';
import { build } from './build.ts';
import type { BuildRequest } from './build-request.ts';
import { emulationOf } from './emulation-of.ts';
import type { Session } from './session.ts';

export interface RunImageRequest {
  /** What is built, or found built, before: one image. */
  readonly build: BuildRequest;
  /** Empty: the image's own. */
  readonly command: readonly string[];
}

/**
 * Runs a command in a temporary container of an image of the commit: on the user's terminal where there is one, else without
 * input, its output going to standard output.
 * @throws UserError with the command's exit status when that is not 0
 */
export async function runImage(request: RunImageRequest, session: Session): Promise<void> {
  const { results } = await build({ ...request.build, ownPlatformOnly: true }, session);
  const wanted = new Set(request.build.images);
  const chosen =
    wanted.size === 0 ? results : results.filter(({ name }) => wanted.has(name === '' ? '~' : name));
  const [image, ...more] = chosen;
  if (!image || more.length > 0) {
    throw new UserError('RUN_ONE_IMAGE', `\`run\` takes one image, but ${chosen.length} were chosen`, {
      hint: 'name it: slipway run IMAGE -- COMMAND',
    });
  }
  const status = await runInContainer(image, request.command, session);
  if (status === 0) return;
  throw new UserError('COMMAND_FAILED', `the command ended with exit status ${status}`, { exitCode: status });
}

async function runInContainer(
  { name, parts: [part] }: BuiltImage,
  command: readonly string[],
  { ports, host, progress, signal, clock, write }: Session,
): Promise<number> {
  if (!part) throw new Error(`image ${name} was not built`);
  await emulationOf({ host, clock }).require(part.platform);
  const last = lastOf(part);
  const { facts } = last.stage;
  const { builder, images } = ports;
  const onLine = (line: string) => write(`${line}\n`);
  const run = async (id: string) => {
    const link = ports.terminals.present ? await ports.terminals.open([], signal) : null;
    const terminal = link?.terminal ?? null;
    try {
      return await builder.run(id, { command, terminal }, { signal, onLine, onBytes });
    } finally {
      await link?.close();
    }
  };
  if (await images.inspect(facts.id, signal)) return await run(facts.id);
  const reference = last.stage.name;
  const title = `Fetching stage ${last.name}`;
  const fetched = await runTaskOnceBusy({ progress, now: clock.now, title }, (task) =>
    builder.pull(
      reference,
      { policy: 'missing', platform: part.platform },
      { signal, onLine: task.line, onBytes: task.bytes },
    ),
  );
  return await run(fetched.image.facts.id);
}

function onBytes(): void {}
