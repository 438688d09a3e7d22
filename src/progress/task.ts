import type { ProgressSink } from './events.ts';

/** A process that is under way: its lines, and the name under which others nest. */
export interface RunningTask {
  readonly id: string;
  line(text: string): void;
  bytes(done: number, total: number): void;
  /** A line for those who ask for details. */
  detail(text: string): void;
}

export interface TaskOptions {
  readonly progress: ProgressSink;
  /** Milliseconds, from any origin. */
  readonly now: () => number;
  readonly title: string;
  readonly image?: string;
  readonly parent?: string;
}

/** Runs `work` as a task with a start and an end, also when it fails. */
export function runTask<T>(options: TaskOptions, work: (task: RunningTask) => Promise<T>): Promise<T> {
  const { task, start, end } = taskOf(options);
  start();
  return ending(work(task), end);
}

/** As `runTask`, for work that often turns out to be none: the task is told of when it first reports something. */
export function runTaskOnceBusy<T>(
  options: TaskOptions,
  work: (task: RunningTask) => Promise<T>,
): Promise<T> {
  const { task, start, end } = taskOf(options);
  let started = false;
  const begin = () => {
    if (!started) start();
    started = true;
  };
  const lazy: RunningTask = {
    id: task.id,
    line(text) {
      begin();
      task.line(text);
    },
    bytes(done, total) {
      begin();
      task.bytes(done, total);
    },
    detail: task.detail,
  };
  return ending(work(lazy), (failed) => {
    if (started) end(failed);
  });
}

function taskOf({ progress, now, title, image, parent }: TaskOptions) {
  const id = `${parent ?? ''}/${image ?? ''}/${title}`;
  const of = { task: id, ...(image === undefined ? {} : { image }) };
  const began = now();
  const task: RunningTask = {
    id,
    line: (line) => progress.emit({ kind: 'task-line', ...of, line }),
    bytes: (done, total) => progress.emit({ kind: 'task-bytes', ...of, done, total }),
    detail: (line) => progress.emit({ kind: 'line', ...of, line, detail: 'verbose' }),
  };
  const start = () =>
    progress.emit({ kind: 'task-start', ...of, title, ...(parent === undefined ? {} : { parent }) });
  const end = (failed: boolean) =>
    progress.emit({ kind: 'task-end', ...of, failed, duration: now() - began });
  return { task, start, end };
}

async function ending<T>(work: Promise<T>, end: (failed: boolean) => void): Promise<T> {
  let failed = true;
  try {
    const result = await work;
    failed = false;
    return result;
  } finally {
    end(failed);
  }
}
