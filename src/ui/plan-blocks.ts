import type { PlannedImage, ProgressEvent } from '../progress/events.ts';
import { formatSeconds } from './quantities.ts';

/** A title above and below some lines. */
export interface Block {
  readonly title: string;
  readonly lines: readonly string[];
}

type Event<K extends ProgressEvent['kind']> = Extract<ProgressEvent, { kind: K }>;

const SIGNS = { final: '⛵ image', intermediate: '🛸 image', artifact: '🛸 artifact' } as const;

export function planBlock({ limit, sets }: Event<'plan'>): Block {
  const bracket = limit === null ? '' : ` (no more than ${limit} images at the same time)`;
  return { title: `Concurrent builds plan${bracket}`, lines: setLines(sets, planLine) };
}

export function summaryBlock({ sets }: Event<'summary'>): Block {
  const line = ({ image, duration }: (typeof sets)[number][number]) =>
    `${planLine(image)} (${formatSeconds(duration)})`;
  return { title: 'Build summary', lines: setLines(sets, line) };
}

function planLine({ name, kind, platform }: PlannedImage): string {
  return `- ${SIGNS[kind]} ${name}${platform === undefined ? '' : ` [${platform}]`}`;
}

/** `Set #0:`, its lines, an empty line, the next set. */
function setLines<T>(sets: readonly (readonly T[])[], line: (item: T) => string): readonly string[] {
  return sets.flatMap((set, index) => [...(index > 0 ? [''] : []), `Set #${index}:`, ...set.map(line)]);
}

/** The text without the signs of images, for logs without ornaments. */
export function withoutSigns(text: string): string {
  return text.replace(/(^|- )(?:⛵|🛸) /u, '$1');
}
