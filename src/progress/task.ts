import type { ProgressSink } from './events.ts';

/** A process that is under way: its lines, and the name under which others nest. */
export interface RunningTask {
  readonly id: string;
  line(text: string): void;
  bytes(done: number, total: number): void;
}

export interface TaskOptions {
  readonly progress: ProgressSink;
  /** Milliseconds, from any origin. */
  readonly now: () => number;
  readonly title: string;
  readonly image?: string;
  readonly parent?: string;
}

/** Runs `work` as a task with a start and an end, also when it fails. Ids are unique per sink by title and time. */
export async function runTask<T>(
  { progress, now, title, image, parent }: TaskOptions,
  work: (task: RunningTask) => Promise<T>,
): Promise<T> {
  const id = `${parent ?? ''}/${image ?? ''}/${title}`;
  const of = { task: id, ...(image === undefined ? {} : { image }) };
  const started = now();
  progress.emit({ kind: 'task-start', ...of, title, ...(parent === undefined ? {} : { parent }) });
  let failed = true;
  try {
    const result = await work({
      id,
      line: (line) => progress.emit({ kind: 'task-line', ...of, line }),
      bytes: (done, total) => progress.emit({ kind: 'task-bytes', ...of, done, total }),
    });
    failed = false;
    return result;
  } finally {
    progress.emit({ kind: 'task-end', ...of, failed, duration: now() - started });
  }
}
