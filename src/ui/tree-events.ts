import type { Detail, ProgressEvent } from '../progress/events.ts';
import { isShown, type LogLevel } from './log-settings.ts';
import { planBlock, summaryBlock } from './plan-blocks.ts';
import { stageDetails } from './stage-details.ts';
import type { TaskTree } from './task-tree.ts';

export interface TreeEventsOptions {
  readonly tree: TaskTree;
  readonly level: LogLevel;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** A transfer that takes longer than this is shown to have begun, in milliseconds. */
const PATIENCE = 2000;

/** Turns progress events into lines of the tree, as far as the level asks for them. */
export function treeEvents({ tree, level, now }: TreeEventsOptions): (event: ProgressEvent) => void {
  /** For each task that runs: the nearest task around it that is shown. */
  const shownAs = new Map<string, { readonly task: string | undefined; readonly since: number }>();
  const wanted = (detail: Detail | undefined) => isShown(detail ?? 'default', level);
  const taskOf = (task: string | undefined) =>
    task === undefined ? undefined : (shownAs.get(task)?.task ?? task);
  const isHidden = (task: string) => shownAs.has(task) && shownAs.get(task)?.task !== task;
  const text = (task: string | undefined, line: string, image: string | undefined) => {
    const said = { form: 'text', text: line, at: now(), ...(image === undefined ? {} : { image }) } as const;
    // What belongs to no task is about the run as a whole and is read when it happens.
    if (task === undefined && image === undefined) tree.interject(said);
    else tree.add(taskOf(task), said);
  };

  return (event) => {
    switch (event.kind) {
      case 'task-start': {
        const parent = taskOf(event.parent);
        const isIn = wanted(event.detail);
        shownAs.set(event.task, { task: isIn ? event.task : parent, since: now() });
        const { task: id, title, image } = event;
        const at = now();
        if (isIn) {
          const around = parent === undefined ? {} : { parent };
          tree.start({ id, title, at, ...around, ...(image === undefined ? {} : { image }) });
        }
        return;
      }
      case 'task-end': {
        const isIn = shownAs.get(event.task)?.task === event.task;
        shownAs.delete(event.task);
        if (isIn) tree.end(event.task, { failed: event.failed, duration: event.duration, at: now() });
        return;
      }
      case 'task-bytes': {
        const known = shownAs.get(event.task);
        if (known?.task === event.task && now() - known.since > PATIENCE) tree.open(event.task);
        return;
      }
      case 'task-line':
        if (wanted(undefined) && !isHidden(event.task)) text(event.task, event.line, event.image);
        return;
      case 'line':
        if (wanted(event.detail)) text(event.task, event.line, event.image);
        return;
      case 'debug':
        if (wanted('debug')) text(undefined, event.line, undefined);
        return;
      case 'stage-reused':
      case 'stage-stored': {
        if (!wanted(undefined)) return;
        const title = `Use previously built image for ${event.imageName ?? event.image}/${event.stage}`;
        if (event.kind === 'stage-reused') text(event.task, title, event.image);
        for (const line of stageDetails(event.summary)) {
          tree.add(taskOf(event.task), { form: 'details', text: line, at: now(), image: event.image });
        }
        return;
      }
      case 'plan':
      case 'summary': {
        if (!wanted(undefined)) return;
        const { title, lines } = event.kind === 'plan' ? planBlock(event) : summaryBlock(event);
        tree.block(title, lines, now());
        return;
      }
      case 'warning':
      case 'terminal':
        return;
    }
  };
}
