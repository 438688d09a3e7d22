import { nearest } from '../diagnostics/nearest.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { StageCommand, StageShell } from '../engine/stage-maker.ts';
import type { TerminalLinks } from '../engine/terminal-link.ts';
import { TOOLCHAIN_DIRECTORY, TOOLCHAIN_SHELL } from '../stages/shell-script.ts';
import type { StapelStage } from '../stages/stapel-stages.ts';

/** Where shells are wanted. */
export interface IntrospectionRequest {
  /** After a command failed, in what it left. */
  readonly onError: boolean;
  /** After a command failed, in what was there before it. */
  readonly beforeError: boolean;
  /** After a stage is there, in it. @see namedStage */
  readonly stages: readonly {
    /** `~` is the nameless image, `*` every one. */
    readonly image: string;
    readonly stage: StapelStage;
  }[];
}

export const NO_INTROSPECTION: IntrospectionRequest = { onError: false, beforeError: false, stages: [] };

export function introspects({ onError, beforeError, stages }: IntrospectionRequest): boolean {
  return onError || beforeError || stages.length > 0;
}

/**
 * failed: the shell is given along with the command, and opens when that fails.
 * before: asked for after a failure, instead of the command, on what the command was to run on.
 * stage: asked for when a stage is there, instead of a command, on the stage itself.
 */
export type ShellMoment = 'failed' | 'before' | 'stage';

export interface ShellPlace {
  readonly moment: ShellMoment;
  /** As in logs. */
  readonly image: string;
  readonly stage: StapelStage;
}

/** Gives shells on the user's terminal to those who make stages. */
export interface Introspection {
  wants(place: ShellPlace): boolean;
  /**
   * Runs `make` with a shell to put into a stage's command (`{ ...command, shell }`); the terminal is taken only while the
   * shell is open, and given back afterwards in any case. `make` gets null where no shell is wanted.
   * @param command what the shell stands beside or in place of: it has the same mounts
   */
  withShell<T>(
    place: ShellPlace,
    command: Pick<StageCommand, 'mounts'>,
    signal: AbortSignal,
    make: (shell: StageShell | null) => Promise<T>,
  ): Promise<T>;
}

/** @throws UserError when shells are wanted and there is no terminal */
export function requireTerminal(request: IntrospectionRequest, terminals: TerminalLinks): void {
  if (!introspects(request) || terminals.present) return;
  throw new UserError(
    'INTROSPECTION_NO_TERMINAL',
    'a shell in a build container needs a terminal, and standard input or output is none',
    { hint: 'run slipway on a terminal, or leave out --introspect-…' },
  );
}

/**
 * @param images all of the project
 * @throws UserError for an image that is not there, or has no such stages
 */
export function checkIntrospectedImages(
  { stages }: IntrospectionRequest,
  images: readonly { readonly title: string; readonly kind: 'dockerfile' | 'stapel' }[],
): void {
  const titles = images.filter(({ kind }) => kind === 'stapel').map(({ title }) => title);
  const list = titles.length === 0 ? 'no image is built in such stages' : `images: ${titles.join(', ')}`;
  for (const { image, stage } of stages) {
    if (image === '*' || titles.includes(image)) continue;
    const isThere = images.some(({ title }) => title === image);
    const why = isThere ? `is built from a Dockerfile: it has no stage ${stage}` : 'is not in werf.yaml';
    const near = isThere ? null : nearest(image, titles);
    throw new UserError(
      'INTROSPECTION_UNKNOWN_IMAGE',
      `--introspect-stage ${image}/${stage}: ${image} ${why}`,
      {
        hint: near === null ? list : `did you mean "${near}"? ${list}`,
      },
    );
  }
}

export function introspection(request: IntrospectionRequest, terminals: TerminalLinks): Introspection {
  const wants = ({ moment, image, stage }: ShellPlace): boolean => {
    if (moment === 'failed') return request.onError;
    if (moment === 'before') return request.beforeError;
    return request.stages.some((one) => one.stage === stage && (one.image === '*' || one.image === image));
  };
  return {
    wants,
    async withShell(place, command, signal, make) {
      if (!wants(place)) return await make(null);
      const link = await terminals.open(greeting(place), signal);
      try {
        return await make({
          when: place.moment === 'failed' ? 'failed' : 'only',
          command: shellProgram(command),
          ...link.terminal,
        });
      } finally {
        await link.close();
      }
    },
  };
}

const SHOWN: Readonly<Record<ShellMoment, string>> = {
  failed: 'as the failed command left it',
  before: 'as it was before the command that failed',
  stage: 'as it is',
};

function greeting({ moment, image, stage }: ShellPlace): readonly string[] {
  return [
    '',
    `image ${image}, stage ${stage}, ${SHOWN[moment]}: \`exit\` goes on, and nothing that you change is kept`,
  ];
}

/** That of the toolchain, where it is mounted; else the image's own. */
function shellProgram({ mounts }: Pick<StageCommand, 'mounts'>): readonly string[] {
  if (mounts.some(({ target }) => target === TOOLCHAIN_DIRECTORY)) return [TOOLCHAIN_SHELL];
  return ['/bin/sh', '-c', 'if command -v bash >/dev/null; then exec bash; else exec sh; fi'];
}
