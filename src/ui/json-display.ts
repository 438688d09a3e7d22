import type { Problem } from '../diagnostics/problem.ts';
import type { SecretMask } from '../diagnostics/secrets.ts';
import type { UserError } from '../diagnostics/user-error.ts';
import type { ProgressEvent, StageSummary } from '../progress/events.ts';
import type { Display } from './display.ts';
import { isShown, type LogLevel } from './log-settings.ts';
import { painter } from './painter.ts';
import type { DisplayOptions } from './plain-display.ts';
import { errorText } from './problem-text.ts';

type Level = 'error' | 'warning' | 'info' | 'verbose' | 'debug';

interface Entry {
  readonly level: Level;
  readonly event: string;
  readonly image: string | null;
  readonly stage: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Writes one JSON object per line: time, level, image, stage, event, data. */
export function jsonDisplay({ settings, log, errors, secrets, now }: DisplayOptions): Display {
  const write = ({ level, event, image, stage, data }: Entry) => {
    const time = new Date(now()).toISOString();
    log.write(`${JSON.stringify(masked({ time, level, image, stage, event, data }, secrets))}\n`);
  };
  return {
    emit(event) {
      // That is about what is drawn, and nothing that happened.
      if (event.kind === 'terminal') return;
      const entry = entryOf(event);
      if (isShown(leastFor(entry.level), settings.level)) write(entry);
    },
    close: () => undefined,
    fail(error) {
      write({ level: 'error', event: 'error', image: null, stage: null, data: errorData(error) });
      if (errors !== log) errors.write(secrets.apply(errorText(error, painter(false))));
    },
  };
}

function leastFor(level: Level): LogLevel {
  if (level === 'error' || level === 'warning') return 'quiet';
  return level === 'info' ? 'default' : level;
}

function entryOf(event: ProgressEvent): Entry {
  const image = 'image' in event ? (event.image ?? null) : null;
  const stage = 'stage' in event ? event.stage : null;
  return { level: levelOf(event), event: event.kind, image, stage, data: dataOf(event) };
}

function levelOf(event: ProgressEvent): Level {
  if (event.kind === 'warning') return 'warning';
  if (event.kind === 'debug') return 'debug';
  return 'detail' in event ? (event.detail ?? 'info') : 'info';
}

function dataOf(event: ProgressEvent): Entry['data'] {
  switch (event.kind) {
    case 'warning':
      return problemData(event.problem);
    case 'stage-reused':
    case 'stage-stored':
      return { task: event.task ?? null, ...summaryData(event.summary) };
    default: {
      const { kind: _kind, ...rest } = event;
      const { image: _image, detail: _detail, ...data } = rest as Record<string, unknown>;
      return data;
    }
  }
}

function summaryData({ created, ...summary }: StageSummary): Readonly<Record<string, unknown>> {
  return { ...summary, created: created.toISOString() };
}

function problemData({ code, message, position, hint, excerpt }: Problem): Readonly<Record<string, unknown>> {
  return { code, message, position: position ?? null, hint: hint ?? null, excerpt: excerpt ?? null };
}

function errorData({
  code,
  message,
  hint,
  problems,
  tail,
  exitCode,
}: UserError): Readonly<Record<string, unknown>> {
  return { code, message, hint: hint ?? null, problems: problems.map(problemData), tail, exitCode };
}

/** Masks inside strings, so that what is written stays JSON. */
function masked(value: unknown, secrets: SecretMask): unknown {
  if (typeof value === 'string') return secrets.apply(value);
  if (Array.isArray(value)) return value.map((item) => masked(item, secrets));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, masked(item, secrets)]));
}
