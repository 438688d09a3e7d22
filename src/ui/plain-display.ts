import type { SecretMask } from '../diagnostics/secrets.ts';
import type { Display } from './display.ts';
import type { LogSettings } from './log-settings.ts';
import type { Output } from './output.ts';
import { painter } from './painter.ts';
import { errorText } from './problem-text.ts';
import { textLog } from './text-log.ts';

export interface DisplayOptions {
  readonly settings: LogSettings;
  readonly log: Output;
  readonly errors: Output;
  readonly secrets: SecretMask;
  /** Unix milliseconds, and minutes east of UTC. */
  readonly now: () => number;
  readonly zoneMinutes: number;
}

/** Writes the log line by line, for files and CI. */
export function plainDisplay(options: DisplayOptions): Display {
  const { settings, log, errors, secrets } = options;
  const paint = painter(settings.color);
  const text = textLog({
    ...options,
    paint,
    streaming: true,
    write: (lines) => log.write(secrets.apply(lines)),
  });
  let isOpen = true;
  return {
    emit: text.take,
    close() {
      if (isOpen) text.close();
      isOpen = false;
    },
    fail: (error) => errors.write(secrets.apply(errorText(error, painter(settings.color && errors.isTTY)))),
  };
}
