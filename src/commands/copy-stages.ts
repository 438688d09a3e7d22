import { eachOf } from '../concurrency/each-of.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { type RunningTask, runTask } from '../progress/task.ts';
import type { Archives } from '../registry/archives.ts';
import { isImmutable, projectTag } from '../storage/project-tags.ts';
import { outsideImages } from './copy-outside.ts';
import type { CopiedImage, CopyPlace, CopyStagesRequest } from './copy-request.ts';
import { selectNames } from './copy-selection.ts';
import type { Session } from './session.ts';

/** Images copied at the same time. */
const AT_ONCE = 8;

/** Copies stages and their records between repositories and archives, as they are. What is there already is left. */
export async function copyStages(request: CopyStagesRequest, session: Session): Promise<void> {
  const { from, to } = request;
  refuseSame(from, to);
  const { progress, clock } = session;
  await runTask({ progress, now: clock.now, title: 'Copy stages' }, async (task) => {
    task.line(`From: ${from.text}`);
    task.line(`To: ${to.text}`);
    const names = await selectNames(request, session);
    const images = names.map(
      (name): CopiedImage => ({
        name,
        reference: from.kind === 'repository' ? `${from.address}:${name}` : '',
        original: '',
      }),
    );
    if (to.kind === 'archive') {
      const outside = request.baseImages ? await outsideImages(request, names, session) : [];
      await intoArchive(to.path, [...images, ...outside], { task, session });
    } else await intoRepository({ ...to, from }, images, { task, session });
  });
}

interface Work {
  readonly task: RunningTask;
  readonly session: Session;
}

async function intoArchive(
  path: string,
  images: readonly CopiedImage[],
  { task, session: { ports, signal, progress } }: Work,
): Promise<void> {
  const there = new Set(await archivedNames(path, ports.archives, signal));
  const wanted = images.filter(({ name }) => !(there.has(name) && isImmutable(projectTag(name))));
  const done = await ports.archives.fill(path, wanted, { task, signal });
  for (const name of done.gone) {
    const message = `${name} was removed from the repository meanwhile, and is not in the archive`;
    progress.emit({ kind: 'warning', problem: { code: 'STAGE_GONE', message } });
  }
  task.line(counted(wanted.length, images.length, 'images were copied'));
  task.line(counted(done.added, done.added + done.kept, 'blobs were added'));
}

/** Of an archive that an earlier copy has finished. */
async function archivedNames(
  path: string,
  archives: Archives,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    return (await archives.list(path, signal)).map(({ name }) => name);
  } catch (error) {
    // Whatever is wrong with it besides, the filling tells.
    if (error instanceof UserError && error.code.startsWith('ARCHIVE_')) return [];
    throw error;
  }
}

function counted(moved: number, all: number, what: string): string {
  return `${moved} ${what}${moved === all ? '' : `, ${all - moved} were there already`}`;
}

async function intoRepository(
  { address, from }: { readonly address: string; readonly from: CopyPlace },
  images: readonly CopiedImage[],
  { task, session }: Work,
): Promise<void> {
  const { ports, signal } = session;
  const to = (name: string) => `${address}:${name}`;
  const there = new Set(await ports.registry.tags(address, { prefix: '', refresh: true }, signal));
  const digestOf = await digestsAt(from, session);
  const lacking = await eachOf(images, AT_ONCE, async (image) => {
    const { name } = image;
    if (!there.has(name)) return [image];
    if (isImmutable(projectTag(name))) return [];
    return (await ports.registry.head(to(name), signal)) === (await digestOf(image)) ? [] : [image];
  });
  const wanted = lacking.flat();
  if (from.kind === 'archive') {
    const targets = wanted.map(({ name }) => ({ name, to: to(name) }));
    await ports.archives.unload(from.path, targets, { task, signal });
  } else {
    let done = 0;
    await eachOf(wanted, AT_ONCE, async ({ name, reference }) => {
      await ports.registry.copy(reference, to(name), signal);
      task.detail(`copied ${name}`);
      done++;
      if (done % 100 === 0) task.line(`${done} of ${wanted.length} images`);
    });
  }
  task.line(counted(wanted.length, images.length, 'images were copied'));
}

/** Tells digests of what is copied. */
async function digestsAt(
  from: CopyPlace,
  { ports: { archives, registry }, signal }: Session,
): Promise<(image: CopiedImage) => Promise<string | null>> {
  if (from.kind === 'repository') return ({ reference }) => registry.head(reference, signal);
  const listed = await archives.list(from.path, signal);
  const digests = new Map(listed.map(({ name, digest }) => [name, digest]));
  return async ({ name }) => digests.get(name) ?? null;
}

function refuseSame(from: CopyPlace, to: CopyPlace): void {
  if (from.kind === 'archive' && to.kind === 'archive') {
    throw new UserError('STAGES_COPY_PLACES', 'stages are not copied from an archive to an archive', {
      hint: 'copy the file, or copy its stages to a repository',
    });
  }
  const same = from.kind === 'repository' && to.kind === 'repository' && from.address === to.address;
  if (!same) return;
  throw new UserError('STAGES_COPY_PLACES', `--from and --to name the same repository: ${from.text}`);
}
