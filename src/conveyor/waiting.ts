import type { Waiting } from '../engine/engine.ts';
import type { RunningTask } from '../progress/task.ts';

/** Lets an engine call report into a task. */
export function waitingFor(task: RunningTask, signal: AbortSignal): Waiting {
  return { signal, onLine: task.line, onBytes: task.bytes, onDetail: task.detail };
}
