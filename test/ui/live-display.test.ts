import { describe, expect, it } from 'vitest';
import { secretMask } from '../../src/diagnostics/secrets.ts';
import { liveDisplay } from '../../src/ui/live-display.ts';
import { fakeOutput } from './fake-output.ts';
import { end, line, start, warning } from './sample-events.ts';

const ESCAPE = '\u001b';

function live(columns = 60, rows = 10) {
  const log = fakeOutput({ columns, rows });
  let now = 0;
  let tick = () => {};
  let isTicking = true;
  const secrets = secretMask();
  secrets.add('hunter2!');
  const display = liveDisplay({
    settings: {
      format: 'text',
      color: false,
      pretty: true,
      level: 'default',
      width: columns,
      timeLayout: null,
    },
    log,
    errors: fakeOutput(),
    secrets,
    now: () => now,
    zoneMinutes: 0,
    every(_milliseconds, called) {
      tick = called;
      return () => {
        isTicking = false;
      };
    },
  });
  let seen = 0;
  /** What was written since the last call, without control sequences. */
  const news = () => {
    const written = log.text().slice(seen);
    seen = log.text().length;
    return written
      .split(ESCAPE)
      .map((part, index) => (index === 0 ? part : part.replace(/^\[[0-9;?]*[A-Za-z]/, '')))
      .join('');
  };
  return {
    display,
    news,
    isTicking: () => isTicking,
    log,
    at(milliseconds: number) {
      now = milliseconds;
      tick();
    },
  };
}

describe('the live display', () => {
  it('shows one line per running image: elapsed time, what it does, its last output line', () => {
    const { display, news, at } = live(100);
    display.emit(start('a', '⛵ (1/2) image app', { image: 'app' }));
    display.emit(start('b', '⛵ (2/2) image db', { image: 'db' }));
    display.emit(start('s', 'Building stage app/dockerfile', { parent: 'a', image: 'app' }));
    display.emit(line('s', 'compiling'));
    at(2500);
    expect(news().trimEnd().split('\n')).toEqual([
      '⛵ (1/2) image app  2.5s  Building stage app/dockerfile  compiling',
      '⛵ (2/2) image db  2.5s',
    ]);
    display.emit({ kind: 'task-bytes', task: 'b', done: 1024, total: 2048 });
    at(65_000);
    expect(news()).toContain('⛵ (2/2) image db  1m05s  1.0 KiB of 2.0 KiB');
    display.close();
  });

  it('draws nothing while a command has the terminal, and all of it afterwards', () => {
    const { display, news, at } = live(100);
    display.emit(start('a', '⛵ image app', { image: 'app' }));
    at(1000);
    news();
    display.emit({ kind: 'terminal', taken: true });
    expect(news().trim()).toBe('');
    display.emit(line('a', 'said meanwhile'));
    display.emit({ kind: 'warning', problem: { code: 'W', message: 'careful' } });
    at(2000);
    expect(news()).toBe('');
    display.emit({ kind: 'terminal', taken: false });
    at(3000);
    expect(news()).toMatch(/careful[\s\S]*image app {2}3.0s/);
    display.close();
  });

  it('prints a finished image whole above the lines of the others', () => {
    const { display, news, at } = live(30);
    const long = `output ${'x'.repeat(80)}`;
    display.emit(start('a', '⛵ image app', { image: 'app' }));
    display.emit(start('b', '⛵ image db', { image: 'db' }));
    display.emit(line('b', long));
    at(100);
    expect(news()).not.toContain(long);
    display.emit(line('a', 'still running'));
    display.emit(end('b', 1000));
    const text = news();
    expect(text).toContain(`┌ ⛵ image db\n│ output\n│ ${'x'.repeat(80)}\n└ ⛵ image db (1.00 seconds)\n`);
    expect(text).not.toContain('│ still running');
    display.close();
    expect(news()).toContain('│ still running');
  });

  it('never writes a live line wider than the terminal, and no more than there are rows', () => {
    const { display, news, at } = live(24, 5);
    for (let index = 0; index < 8; index++)
      display.emit(start(`t${index}`, `⛵ image 船船船船船船船-${index}`));
    at(100);
    const lines = news().trimEnd().split('\n');
    expect(lines).toEqual(['⛵ image 船船船船船船…', '⛵ image 船船船船船船…', '… and 6 more']);
    display.close();
  });

  it('stops its clock and says warnings once more when it is closed', () => {
    const { display, news, isTicking, at } = live();
    display.emit(warning('careful'));
    at(100);
    expect(news()).toContain('WARNING: careful\n');
    expect(isTicking()).toBe(true);
    display.close();
    expect(isTicking()).toBe(false);
    expect(news()).toContain('┌ Warnings\n│ - careful\n└ Warnings\n');
  });

  it('does not show secrets, neither above nor below', () => {
    const { display, log, at } = live();
    display.emit(start('a', 'A'));
    display.emit(line('a', 'with hunter2!'));
    at(100);
    display.emit(end('a', 10));
    display.close();
    expect(log.text()).toContain('with ***');
    expect(log.text()).not.toContain('hunter2!');
  });
});
