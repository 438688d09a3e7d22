import { UserError } from '../diagnostics/user-error.ts';
import type { LocalImage, Waiting } from '../engine/engine.ts';
import type { Platform } from '../oci/platform.ts';
import type { ProgressSink } from '../progress/events.ts';
import { type RunningTask, runTaskOnceBusy } from '../progress/task.ts';
import { type ToolchainVariant, toolchainReference } from '../stages/toolchain-image.ts';
import { waitingFor } from './waiting.ts';

/** For whom the toolchain is brought. */
export interface ToolchainUser {
  /** Name of the image in logs. */
  readonly title: string;
  readonly platform: Platform;
  readonly task: RunningTask;
  readonly signal: AbortSignal;
}

/** The image with the programs that build containers work with. */
export interface Toolchain {
  /** For shell commands. @returns id of the local image; null: the base image's own shell is to be used */
  shell(run: ToolchainUser): Promise<string | null>;
  /** For Ansible. @throws UserError when it cannot be had */
  ansible(run: ToolchainUser): Promise<string>;
}

export interface ToolchainParts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pull: (
    reference: string,
    options: { policy: 'missing'; platform: Platform },
    waiting: Waiting,
  ) => Promise<{ readonly image: LocalImage }>;
  readonly progress: ProgressSink;
  readonly now: () => number;
}

/** Pulled once per run, when a stage is built that needs it. */
export function toolchain(parts: ToolchainParts): Toolchain {
  const got = new Map<string, Promise<string>>();
  let warned = false;
  const pulled = (variant: ToolchainVariant, run: ToolchainUser): Promise<string> | null => {
    const reference = toolchainReference(parts.env, variant, run.platform);
    if (reference === null) return null;
    const key = `${run.platform} ${reference}`;
    const known = got.get(key);
    if (known) return known;
    const task = { progress: parts.progress, now: parts.now, image: run.title, parent: run.task.id };
    const pull = runTaskOnceBusy({ ...task, title: `Pulling toolchain image ${reference}` }, (running) =>
      parts.pull(reference, { policy: 'missing', platform: run.platform }, waitingFor(running, run.signal)),
    ).then(({ image }) => image.facts.id);
    got.set(key, pull);
    return pull;
  };
  return {
    async shell(run) {
      try {
        return await pulled('base', run);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        run.signal.throwIfAborted();
        if (!warned) parts.progress.emit({ kind: 'warning', problem: unavailable(error) });
        warned = true;
        return null;
      }
    },
    async ansible(run) {
      const image = await pulled('ansible', run)?.catch((error: unknown) => {
        if (!(error instanceof UserError)) throw error;
        throw new UserError(error.code, `Ansible needs its toolchain image: ${error.message}`, {
          cause: error,
          hint: COPY_IT,
        });
      });
      if (image) return image;
      throw new UserError(
        'TOOLCHAIN_MISSING',
        'Ansible needs a toolchain image, and WERF_STAPEL_IMAGE_NAME is `none`',
        {
          hint: 'unset it, or name an image with Ansible: see docs/stapel/toolchain.md',
        },
      );
    },
  };
}

const COPY_IT =
  'copy the image into your own registry and name it by WERF_STAPEL_IMAGE_NAME and WERF_STAPEL_IMAGE_VERSION: see docs/stapel/toolchain.md';

function unavailable(error: UserError) {
  return {
    code: 'TOOLCHAIN_MISSING',
    message: `the toolchain image cannot be had, so commands run in the shell of the base image: ${error.message}`,
    hint: 'copy the image into your own registry and name it by WERF_STAPEL_IMAGE_NAME and WERF_STAPEL_IMAGE_VERSION, or set WERF_STAPEL_IMAGE_NAME=none to use the shell of the base image always',
  };
}
