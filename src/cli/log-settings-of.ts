import type { LogLevel, LogSettings } from '../ui/log-settings.ts';
import type { Output } from '../ui/output.ts';
import type { FlagValues } from './flag.ts';
import type { logFlags } from './log-flags.ts';

const WIDTH = 140;

/** How the log looks that goes to `output`. */
export function logSettingsOf(flags: FlagValues<typeof logFlags>, output: Output): LogSettings {
  return {
    format: flags.logFormat,
    color: flags.logColorMode === 'auto' ? output.isTTY : flags.logColorMode === 'on',
    pretty: flags.logPretty,
    level: levelOf(flags),
    width: flags.logTerminalWidth > 0 ? flags.logTerminalWidth : (output.columns ?? WIDTH),
    timeLayout: flags.logTime ? flags.logTimeFormat : null,
  };
}

/** The one that tells most wins; a command that is quiet by itself speaks when asked to. */
function levelOf({ logDebug, logVerbose, logQuiet }: FlagValues<typeof logFlags>): LogLevel {
  if (logDebug) return 'debug';
  if (logVerbose) return 'verbose';
  return logQuiet ? 'quiet' : 'default';
}
