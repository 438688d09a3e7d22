import type { Environment } from '../commands/session.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { parseUlimits } from './parse-ulimits.ts';

/** How the store is to be opened and commands are to be isolated. */
export interface StoreSettings {
  /** '' is chosen by trial. */
  readonly driver: string;
  readonly mode: string;
  /** '' is the first that passes a trial. */
  readonly runtime: string;
  /** `type:soft:hard`; empty: the limits of this process. */
  readonly ulimits: string[];
  /** gzip or zstd, `:level` behind it; '' is the engine's choice, and the engine says what it cannot be. */
  readonly compression: string;
  /** Bytes of compressed layers that are kept; 0 is the engine's choice. */
  readonly blobCache: number;
}

const MODES = ['auto', 'native-rootless', 'native-chroot', 'plain-chroot'] as const;
const DRIVERS = ['overlay', 'fuse-overlayfs', 'vfs', 'plain'] as const;

/** Reads the `WERF_BUILDAH_*` variables and those of layers. @throws UserError for what they cannot be */
export function storeSettings(env: Environment): {
  readonly settings: StoreSettings;
  readonly warnings: readonly Problem[];
} {
  const given = env['WERF_BUILDAH_MODE'] ?? '';
  const warnings: Problem[] = [];
  if (given === 'docker') {
    const message = 'WERF_BUILDAH_MODE=docker: slipway uses no Docker daemon; it builds as with "auto"';
    warnings.push({ code: 'MODE_DOCKER', message });
  }
  const settings = {
    mode: modeOf(given),
    driver: driverOf(env['WERF_BUILDAH_STORAGE_DRIVER'] ?? ''),
    runtime: env['WERF_BUILDAH_RUNTIME'] ?? '',
    ulimits: parseUlimits(env['WERF_BUILDAH_ULIMIT'] ?? ''),
    compression: env['SLIPWAY_COMPRESSION'] ?? '',
    blobCache: bytesOf(env['SLIPWAY_BLOB_CACHE_MB'] ?? ''),
  };
  return { settings, warnings };
}

function modeOf(given: string): string {
  if (given === '' || given === 'default' || given === 'docker') return 'auto';
  if (MODES.some((mode) => mode === given)) return given;
  throw new UserError('MODE_UNKNOWN', `unexpected mode WERF_BUILDAH_MODE="${given}"`, {
    hint: `use one of ${[...MODES, 'default', 'docker'].join(', ')}`,
  });
}

/** @param given megabytes */
function bytesOf(given: string): number {
  if (given === '') return 0;
  if (/^[1-9][0-9]{0,8}$/.test(given)) return Number(given) * 1024 * 1024;
  throw new UserError(
    'CLI_BAD_VALUE',
    `SLIPWAY_BLOB_CACHE_MB: "${given}" is not a number of megabytes from 1 to 999999999`,
  );
}

function driverOf(given: string): string {
  if (given === '' || given === 'auto' || given === 'default') return '';
  if (DRIVERS.some((driver) => driver === given)) return given;
  throw new UserError('STORAGE_DRIVER_UNKNOWN', `unexpected driver WERF_BUILDAH_STORAGE_DRIVER="${given}"`, {
    hint: `use one of ${['auto', 'default', ...DRIVERS].join(', ')}`,
  });
}
