import { describe, expect, it } from 'vitest';
import { secretMask } from '../../src/diagnostics/secrets.ts';
import { UserError } from '../../src/diagnostics/user-error.ts';
import type { ProgressEvent } from '../../src/progress/events.ts';
import { jsonDisplay } from '../../src/ui/json-display.ts';
import type { LogLevel } from '../../src/ui/log-settings.ts';
import { fakeOutput } from './fake-output.ts';
import { end, line, SUMMARY, start, warning } from './sample-events.ts';

function open(level: LogLevel = 'default') {
  const log = fakeOutput();
  const errors = fakeOutput();
  const secrets = secretMask();
  secrets.add('pass"word');
  const settings = {
    format: 'json',
    color: false,
    pretty: true,
    level,
    width: 80,
    timeLayout: null,
  } as const;
  const options = { settings, log, errors, secrets, now: () => Date.UTC(2026, 0, 2), zoneMinutes: 0 };
  return { display: jsonDisplay(options), log, errors, options };
}

function entries(events: readonly ProgressEvent[], level: LogLevel = 'default') {
  const { display, log } = open(level);
  for (const event of events) display.emit(event);
  display.close();
  const text = log.text();
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((one): unknown => JSON.parse(one));
}

describe('the JSON display', () => {
  it('writes one event per line with time, level, image, stage, event and data', () => {
    const events = [
      start('a', 'Title', { image: 'app' }),
      line('a', 'two\nlines'),
      { kind: 'stage-reused', task: 'a', image: 'app', stage: 'dockerfile', summary: SUMMARY } as const,
      end('a', 10, true),
    ];
    const base = { time: '2026-01-02T00:00:00.000Z', level: 'info', image: null, stage: null };
    const { created, ...summary } = SUMMARY;
    expect(entries(events)).toEqual([
      { ...base, image: 'app', event: 'task-start', data: { task: 'a', title: 'Title' } },
      { ...base, event: 'task-line', data: { task: 'a', line: 'two\nlines' } },
      {
        ...base,
        image: 'app',
        stage: 'dockerfile',
        event: 'stage-reused',
        data: { task: 'a', ...summary, created: created.toISOString() },
      },
      { ...base, event: 'task-end', data: { task: 'a', failed: true, duration: 10 } },
    ]);
  });

  it('keeps to the level', () => {
    const events = [warning('w'), line('a', 'x'), { kind: 'debug', line: 'd' } as const];
    const kinds = (level: LogLevel) =>
      entries(events, level).map((entry) => (entry as { event: string }).event);
    expect(kinds('quiet')).toEqual(['warning']);
    expect(kinds('default')).toEqual(['warning', 'task-line']);
    expect(kinds('debug')).toEqual(['warning', 'task-line', 'debug']);
  });

  it('gives problems with their codes and positions, and errors on both streams', () => {
    const { display, log, errors } = open();
    const position = { file: 'werf.yaml', line: 3, column: 5 };
    const problems = [{ code: 'UNKNOWN_FIELD', message: 'unknown', position }];
    display.fail(new UserError('CONFIG_INVALID', 'bad', { problems, exitCode: 2 }));
    expect(JSON.parse(log.text())).toMatchObject({
      level: 'error',
      event: 'error',
      data: {
        code: 'CONFIG_INVALID',
        message: 'bad',
        exitCode: 2,
        problems: [{ code: 'UNKNOWN_FIELD', position }],
      },
    });
    expect(errors.text()).toMatch(/^Error: bad\n/);
  });

  it('writes an error once where both streams are one', () => {
    const { options, log } = open();
    jsonDisplay({ ...options, errors: log }).fail(new UserError('X', 'bad'));
    expect(log.text().trimEnd().split('\n')).toHaveLength(1);
  });

  it('masks secrets and stays JSON', () => {
    expect(entries([line('a', 'the pass"word is')])).toMatchObject([{ data: { line: 'the *** is' } }]);
  });
});
