import type { ProgressEvent } from '../progress/events.ts';
import { cleanText } from './clean-text.ts';
import { clip } from './columns.ts';
import { formatBytes, formatElapsed } from './quantities.ts';

interface Running {
  readonly title: string;
  readonly since: number;
  /** What it does now, innermost last. */
  readonly inner: Map<string, string>;
  last: string;
}

/** What runs at this moment: one line for each task at the top, which is one for each image. */
export interface RunningLines {
  take(event: ProgressEvent): void;
  /** @returns at most `rows` lines of at most `columns` columns */
  draw(size: { readonly columns: number; readonly rows: number }): readonly string[];
}

export function runningLines(now: () => number): RunningLines {
  const running = new Map<string, Running>();
  /** Task to the task at the top that it is part of. */
  const tops = new Map<string, string>();
  const topOf = (task: string | undefined) => running.get(tops.get(task ?? '') ?? '');

  const take = (event: ProgressEvent) => {
    if (event.kind === 'task-start') {
      const top = tops.get(event.parent ?? '');
      tops.set(event.task, top ?? event.task);
      if (top === undefined) running.set(event.task, started(event.title, now()));
      else running.get(top)?.inner.set(event.task, event.title);
    } else if (event.kind === 'task-end') {
      topOf(event.task)?.inner.delete(event.task);
      running.delete(event.task);
      tops.delete(event.task);
    } else if (event.kind === 'task-line') {
      const top = topOf(event.task);
      const line = cleanText(event.line, false).trim();
      if (top && line !== '') top.last = line;
    } else if (event.kind === 'task-bytes') {
      const top = topOf(event.task);
      if (top) top.last = `${formatBytes(event.done)} of ${formatBytes(event.total)}`;
    }
  };

  return {
    take,
    draw({ columns, rows }) {
      const all = [...running.values()].map((one) => clip(lineOf(one, now()), columns));
      if (all.length <= rows) return all;
      return [...all.slice(0, rows - 1), `… and ${all.length - rows + 1} more`];
    },
  };
}

function started(title: string, since: number): Running {
  return { title, since, inner: new Map(), last: '' };
}

function lineOf({ title, since, inner, last }: Running, now: number): string {
  const doing = [...inner.values()].at(-1);
  const parts = [title, formatElapsed(now - since), doing, last].filter(
    (part) => part !== undefined && part !== '',
  );
  return parts.join('  ');
}
