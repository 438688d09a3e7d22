import { resolve } from 'node:path';
import { VERSION } from '../commands/version.ts';
import type { ProgressSink } from '../progress/events.ts';
import type { CommandInput, SessionCommand, SessionFlags } from './command.ts';
import type { ResolvedFlags } from './resolve-flags.ts';

/** What the log begins with: directory and version, then what was odd about options and variables. */
export function announceTo(
  progress: ProgressSink,
  { output }: Pick<SessionCommand<SessionFlags>, 'output'>,
  {
    flags,
    cwd,
    warnings,
  }: Pick<CommandInput<SessionFlags>, 'flags' | 'cwd'> & Pick<ResolvedFlags<SessionFlags>, 'warnings'>,
): void {
  if (flags.logProjectDir) {
    progress.emit({ kind: 'line', line: `Using project dir: ${resolve(cwd, flags.dir ?? '')}` });
  }
  if (output === 'log') progress.emit({ kind: 'line', line: `Version: ${VERSION}` });
  for (const problem of warnings) progress.emit({ kind: 'warning', problem });
}
