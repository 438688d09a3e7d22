import type { ProgressEvent, StageSummary } from '../../src/progress/events.ts';

export const SUMMARY: StageSummary = {
  name: 'registry.example.com/p:0123-1767323045000',
  id: 'sha256:9f3a82975136aabbccdd',
  created: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)),
  size: 68_576_870,
  commit: 'c0ffee',
  network: 'default',
};

/** A task and what happens in it, as events. */
export function start(
  task: string,
  title: string,
  of: { parent?: string; image?: string; detail?: 'verbose' } = {},
): ProgressEvent {
  return { kind: 'task-start', task, title, ...of };
}

export function line(task: string, text: string): ProgressEvent {
  return { kind: 'task-line', task, line: text };
}

export function end(task: string, duration: number, failed = false): ProgressEvent {
  return { kind: 'task-end', task, duration, failed };
}

export function warning(message: string, image?: string): ProgressEvent {
  const problem = { code: 'SAMPLE', message };
  return { kind: 'warning', problem, ...(image === undefined ? {} : { image }) };
}
