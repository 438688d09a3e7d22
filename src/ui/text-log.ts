import type { PlannedImage, ProgressEvent } from '../progress/events.ts';
import { imagePrefixes } from './image-prefixes.ts';
import { lineFormat } from './line-format.ts';
import type { LogSettings } from './log-settings.ts';
import type { Painter } from './painter.ts';
import { paragraphs } from './paragraphs.ts';
import { problemLines } from './problem-text.ts';
import { taskTree } from './task-tree.ts';
import { treeEvents } from './tree-events.ts';
import { type Warning, warningList } from './warning-list.ts';

export interface TextLogOptions {
  readonly settings: LogSettings;
  readonly paint: Painter;
  /** Write running tasks as they go, one at a time; else each whole when it has ended. */
  readonly streaming: boolean;
  /** Unix milliseconds, and minutes east of UTC. */
  readonly now: () => number;
  readonly zoneMinutes: number;
  /** Takes whole lines; ends with a newline. */
  write(text: string): void;
}

/** The log as text: what both the plain and the live display write for good. */
export interface TextLog {
  take(event: ProgressEvent): void;
  /** Writes what is held back, and all warnings once more. */
  close(): void;
}

/** How the events of an image name it. */
function prefixed({ name, platform }: PlannedImage): string {
  return platform === undefined ? name : `${name} [${platform}]`;
}

export function textLog({ settings, paint, streaming, now, zoneMinutes, write }: TextLogOptions): TextLog {
  const prefixes = imagePrefixes(paint);
  const format = paragraphs(lineFormat({ settings, paint, prefixOf: prefixes.of, zoneMinutes }));
  const tree = taskTree({ streaming, write: (line) => write(`${format(line).join('\n')}\n`) });
  const feed = treeEvents({ tree, level: settings.level, now });
  const warnings = warningList();

  const warn = (warning: Warning) => {
    if (!warnings.add(warning)) return;
    const [first = '', ...more] = problemLines(warning.problem, paint);
    const image = warning.image === null ? {} : { image: warning.image };
    const title = `${paint.yellow('WARNING:')} ${named(warning, first)}`;
    for (const text of [title, ...more]) tree.interject({ form: 'text', text, at: now(), ...image });
  };

  return {
    take(event) {
      if (event.kind === 'plan') prefixes.announce(event.sets.flat().map(prefixed));
      if (event.kind === 'warning') warn({ problem: event.problem, image: event.image ?? null });
      else feed(event);
    },
    close() {
      tree.flush();
      const all = warnings.all();
      if (all.length === 0) return;
      const lines = all.flatMap((warning) => {
        const [first = '', ...more] = problemLines(warning.problem, paint);
        return [`- ${named(warning, first)}`, ...more.map((line) => `  ${line}`)];
      });
      tree.block(paint.yellow('Warnings'), lines, now());
    },
  };
}

function named({ image }: Warning, message: string): string {
  return image === null ? message : `image ${image}: ${message}`;
}
