import { cleanText } from './clean-text.ts';
import { columnsOf } from './columns.ts';
import { formatGoLayout } from './go-time-layout.ts';
import type { LogSettings } from './log-settings.ts';
import type { Painter } from './painter.ts';
import { withoutSigns } from './plan-blocks.ts';
import { formatSeconds } from './quantities.ts';
import type { TreeLine } from './task-tree.ts';
import { wrapText } from './wrap-text.ts';

export interface LineFormatOptions {
  readonly settings: LogSettings;
  readonly paint: Painter;
  /** What stands in front of an image's lines; '' for none. */
  prefixOf(image: string): string;
  /** Minutes east of UTC. */
  readonly zoneMinutes: number;
}

/** Narrower than this nothing is wrapped: borders would leave no room. */
const NARROWEST = 20;

/** @returns the lines as they are written, without line ends */
export type LineFormat = (line: TreeLine) => readonly string[];

/** Gives the lines of the log their borders, prefixes and times, and wraps free text. */
export function lineFormat({ settings, paint, prefixOf, zoneMinutes }: LineFormatOptions): LineFormat {
  const { pretty, width, timeLayout, color } = settings;
  const before = ({ at, image }: TreeLine) => {
    const time = timeLayout === null ? '' : `${paint.dim(formatGoLayout(timeLayout, at, zoneMinutes))} `;
    return `${time}${image === null ? '' : prefixOf(image)}`;
  };
  const wrap = (text: string, room: number) => (pretty && room >= NARROWEST ? wrapText(text, room) : [text]);

  return (line) => {
    const lead = `${before(line)}${border(line.depth, pretty)}`;
    const text = cleanText(pretty ? line.text : withoutSigns(line.text), color);
    if (line.form === 'details') return [`${lead}${text}`.trimEnd()];
    if (line.form === 'text')
      return wrap(text, width - columnsOf(lead)).map((part) => `${lead}${part}`.trimEnd());
    const corner = pretty ? { header: '┌ ', footer: '└ ', inline: '' }[line.form] : '';
    const dots = line.form === 'inline' ? ' ...' : '';
    const failed = line.failed ? paint.red(' FAILED') : '';
    const seconds = line.duration === null ? '' : ` (${formatSeconds(line.duration)})`;
    return [`${lead}${corner}${paint.bold(text)}${dots}${seconds}${failed}`];
  };
}

function border(depth: number, pretty: boolean): string {
  return (pretty ? '│ ' : '  ').repeat(Math.max(0, depth));
}
