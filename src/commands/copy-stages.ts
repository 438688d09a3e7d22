import { eachOf } from '../concurrency/each-of.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { Platform } from '../oci/platform.ts';
import { type RunningTask, runTask } from '../progress/task.ts';
import { isImmutable, projectTag } from '../storage/project-tags.ts';
import { outsideImages } from './copy-outside.ts';
import type { CopyPlace } from './copy-place.ts';
import { selectNames } from './copy-selection.ts';
import type { ReportOptions } from './report-options.ts';
import type { Session } from './session.ts';

export interface CopyStagesRequest {
  readonly from: CopyPlace;
  readonly to: CopyPlace;
  /** All stages with their records; else those of the images of the commit, or of the report where that is to be used. */
  readonly all: boolean;
  readonly report: ReportOptions;
  /** Into an archive: with the images that are not the project's and that its configuration needs. */
  readonly baseImages: boolean;
  /** In order, each once; empty: those of the images. */
  readonly platforms: readonly Platform[];
}

/** Something that is copied: its name at both ends. */
export interface CopiedImage {
  readonly name: string;
  /** Where it is now; '' in an archive. */
  readonly reference: string;
  /** What it is called elsewhere; '' for what is the project's. */
  readonly original: string;
}

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
  const done = await ports.archives.fill(path, images, { task, signal });
  for (const name of done.gone) {
    const message = `${name} was removed from the repository meanwhile, and is not in the archive`;
    progress.emit({ kind: 'warning', problem: { code: 'STAGE_GONE', message } });
  }
  const added = `${done.added} blobs of ${images.length} images were added`;
  task.line(done.kept === 0 ? added : `${added}, ${done.kept} were there already`);
}

async function intoRepository(
  { address, from }: { readonly address: string; readonly from: CopyPlace },
  images: readonly CopiedImage[],
  { task, session: { ports, signal } }: Work,
): Promise<void> {
  const there = new Set(await ports.registry.tags(address, { prefix: '', refresh: true }, signal));
  const wanted = images.filter(({ name }) => !(there.has(name) && isImmutable(projectTag(name))));
  const to = (name: string) => `${address}:${name}`;
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
  const kept = images.length - wanted.length;
  task.line(`${wanted.length} images were copied${kept === 0 ? '' : `, ${kept} were there already`}`);
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
