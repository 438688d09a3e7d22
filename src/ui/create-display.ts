import type { Display } from './display.ts';
import type { LiveDisplayOptions } from './live-display.ts';

/** The display that fits the settings and the stream. Its module is loaded only now. */
export async function createDisplay(options: LiveDisplayOptions): Promise<Display> {
  const { settings, log } = options;
  if (settings.format === 'json') return (await import('./json-display.ts')).jsonDisplay(options);
  const isLive = log.isTTY && settings.pretty && settings.level !== 'debug';
  if (isLive) return (await import('./live-display.ts')).liveDisplay(options);
  return (await import('./plain-display.ts')).plainDisplay(options);
}
