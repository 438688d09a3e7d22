import { createLogUpdate } from 'log-update';
import type { Display } from './display.ts';
import { painter } from './painter.ts';
import type { DisplayOptions } from './plain-display.ts';
import { errorText } from './problem-text.ts';
import { runningLines } from './running-lines.ts';
import { textLog } from './text-log.ts';

export interface LiveDisplayOptions extends DisplayOptions {
  /** Calls again and again until the returned function is called. */
  every(milliseconds: number, tick: () => void): () => void;
}

const PERIOD = 100;
const FALLBACK = { columns: 80, rows: 24 };

/** Shows what runs in lines that are renewed; what has ended stands above them, whole. For terminals. */
export function liveDisplay(options: LiveDisplayOptions): Display {
  const { settings, log, errors, secrets, now, every } = options;
  const paint = painter(settings.color);
  const area = createLogUpdate(streamOf(options), { showCursor: true });
  const running = runningLines(now);
  const finished: string[] = [];
  const isQuiet = settings.level === 'quiet';
  const text = textLog({
    ...options,
    paint,
    streaming: false,
    write: (lines) => finished.push(secrets.apply(lines)),
  });

  const print = () => {
    if (finished.length === 0) return;
    area.clear();
    log.write(finished.splice(0).join(''));
  };
  let isTaken = false;
  const draw = () => {
    if (isTaken) return;
    print();
    if (isQuiet) return;
    const { columns = FALLBACK.columns, rows = FALLBACK.rows } = log;
    const lines = running.draw({ columns: Math.max(1, columns - 1), rows: Math.max(1, rows - 2) });
    if (lines.length === 0) area.clear();
    else area(lines.map((line) => paint.dim(secrets.apply(line))).join('\n'));
  };
  const stop = every(PERIOD, draw);
  let isOpen = true;
  return {
    emit(event) {
      if (event.kind === 'terminal') {
        print();
        if (event.taken) area.clear();
        isTaken = event.taken;
        return;
      }
      running.take(event);
      text.take(event);
      if (finished.length > 0) draw();
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      stop();
      text.close();
      area.clear();
      print();
    },
    fail: (error) => errors.write(secrets.apply(errorText(error, painter(settings.color && errors.isTTY)))),
  };
}

/** What log-update asks of a stream. */
function streamOf({ log }: DisplayOptions): NodeJS.WriteStream {
  const stream = {
    isTTY: true,
    get columns() {
      return log.columns ?? FALLBACK.columns;
    },
    get rows() {
      return log.rows ?? FALLBACK.rows;
    },
    write(text: string) {
      log.write(text);
      return true;
    },
  };
  return stream as unknown as NodeJS.WriteStream;
}
