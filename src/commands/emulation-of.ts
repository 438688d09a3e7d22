import { BINFMT_DIRECTORY, type Emulation, emulation } from '../conveyor/emulation.ts';
import type { Session } from './session.ts';

export function emulationOf({ host, clock }: Pick<Session, 'host' | 'clock'>): Emulation {
  return emulation({
    host: host.platform,
    directory: BINFMT_DIRECTORY,
    temporary: host.runDirectory,
    unique: clock.unique,
  });
}
