import { createHash } from 'node:crypto';
import { mkdir, stat } from 'node:fs/promises';
import { join, posix, resolve } from 'node:path';
import { humanDate } from '../../config/render-config.ts';
import { UserError } from '../../diagnostics/user-error.ts';
import type { StageCommand, StageMount } from '../../engine/stage-maker.ts';
import { type RecordedMount, recordedMounts } from '../../stages/mount-labels.ts';
import { COMMIT_VARIABLES } from '../../stages/service-variables.ts';
import type { StoredStage } from '../../storage/stage-storage.ts';
import type { ConveyorParts } from '../conveyor-parts.ts';
import type { MountPlaces } from '../mount-places.ts';
import type { StapelRun } from './stapel-run.ts';

/** What every command of an image gets, whatever runs it. @param previous the stage that it runs on */
export async function buildContainer(
  parts: ConveyorParts,
  run: StapelRun,
  previous: StoredStage,
): Promise<Omit<StageCommand, 'command' | 'files' | 'shell'>> {
  const { image } = run;
  const own = new Set(image.mounts.map(({ to }) => to));
  const inherited = recordedMounts(previous.facts.labels).filter(({ to }) => !own.has(to));
  const mounts: readonly RecordedMount[] = [...inherited, ...image.mounts];
  return {
    env: commitVariables(parts.commit),
    mounts: await Promise.all(mounts.map((mount) => mountOf(mount, run, parts.mountPlaces))),
    secrets: await parts.secretsOf(image),
    sshAgent: parts.sshAgent,
    network: parts.network ?? image.network,
  };
}

function commitVariables(commit: ConveyorParts['commit']): ReadonlyMap<string, string> {
  return new Map([
    [COMMIT_VARIABLES.hash, commit.id],
    [COMMIT_VARIABLES.timeHuman, humanDate(commit)],
    [COMMIT_VARIABLES.timeUnix, String(commit.committedAt)],
  ]);
}

/**
 * The places of mounts that become empty directories. A file is mounted over a file: that one is made while it is needed.
 * @param mounts those of the stages to come
 */
export async function emptiedPlaces(
  mounts: readonly RecordedMount[],
  run: StapelRun,
  places: MountPlaces,
): Promise<readonly string[]> {
  const isFile = async (mount: RecordedMount) => {
    const { to, source } = asWritten(mount, run.image);
    if (source.kind !== 'path') return false;
    const status = await stat(await directoryOf({ to, source }, run, places)).catch(() => null);
    return status !== null && !status.isDirectory();
  };
  const files = await Promise.all(mounts.map(isFile));
  return mounts.filter((_, i) => !files[i]).map(({ to }) => to);
}

/** Labels write `/` as `--`, which a path may hold as well: the image's own mounts are taken from its configuration. */
function asWritten(mount: RecordedMount, { mounts }: StapelRun['image']): RecordedMount {
  return mounts.find(({ to }) => to === mount.to) ?? mount;
}

async function mountOf(
  { to, source }: RecordedMount,
  run: StapelRun,
  places: MountPlaces,
): Promise<StageMount> {
  const path = await directoryOf({ to, source }, run, places);
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    // A file may be mounted as well.
    if (code !== 'EEXIST') {
      throw new UserError('MOUNT_UNUSABLE', `${path}, which is mounted at ${to}, cannot be made (${code})`, {
        cause,
        hint: 'see `mount` in werf.yaml: it must be a directory or a file that you may write',
      });
    }
  }
  return { target: to, source: path, image: '', readOnly: false };
}

async function directoryOf(
  { to, source }: RecordedMount,
  { name, platform }: Pick<StapelRun, 'name' | 'platform'>,
  places: MountPlaces,
): Promise<string> {
  switch (source.kind) {
    case 'tmp_dir':
      return join(
        await places.temporary(),
        'mounts',
        directoryName(`${name || '~'}-${platform}`),
        directoryName(to),
      );
    case 'build_dir':
      return join(places.kept, directoryName(to));
    case 'path': {
      const { path } = source;
      if (path === '~' || path.startsWith('~/')) return posix.join(places.homeDirectory, path.slice(1));
      return resolve(places.projectDirectory, path);
    }
  }
}

/** A name of one part that people recognise and that no other text gets. */
function directoryName(text: string): string {
  const readable = text.replace(/^\/+/, '').replaceAll('/', '-').slice(0, 48);
  return `${readable}-${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
}
