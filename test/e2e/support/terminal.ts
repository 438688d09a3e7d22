import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { Builder } from './builder.ts';

/** Somebody who sits at a terminal of 91 columns and 17 rows and runs slipway there. */
export interface Sitting {
  /** Waits until a text is on the screen, whose lines end in `\n`; what stands before it counts no more. */
  sees(text: string): Promise<void>;
  types(keys: string): void;
  /** Changes the size of the window. */
  resize(columns: number, rows: number): void;
  /** Process id of slipway. */
  slipway(): number;
  /** Closes the window. */
  close(): void;
  /** Exit status of slipway; all of what was on the screen. */
  readonly ended: Promise<{ readonly exitCode: number | null; readonly screen: string }>;
  /** Settings of the terminal before and after slipway, as `stty -g` has them. */
  settings(): Promise<readonly [string, string]>;
}

/** @param args of slipway, plain words */
export function sitDown(builder: Builder, args: readonly string[], cwd: string): Sitting {
  const kept = (name: string) => join(builder.home, `stty-${name}`);
  const script = [
    'stty rows 17 cols 91',
    `tty > ${kept('name')}`,
    `stty -g > ${kept('before')}`,
    `${process.execPath} ${builder.program} ${args.map((word) => `'${word}'`).join(' ')}`,
    'status=$?',
    `stty -g > ${kept('after')}`,
    'exit $status',
  ].join('\n');
  const env = { TERM: 'xterm', SHELL: '/bin/sh' };
  const child = builder.startOther('script', ['-qec', script, '/dev/null'], { cwd, env });
  let screen = '';
  let seen = 0;
  let isOver = false;
  const show = (data: Buffer) => {
    // Each terminal on the way puts a return in front of a line end.
    screen = `${screen}${data}`.replaceAll(/\r+\n/g, '\n');
  };
  child.stdout.on('data', show);
  child.stderr.on('data', show);
  child.stdin.on('error', () => undefined);
  const ended = new Promise<{ exitCode: number | null; screen: string }>((resolve) => {
    child.once('close', (exitCode) => {
      isOver = true;
      resolve({ exitCode, screen });
    });
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const text = async (name: string) => (await readFile(kept(name), 'utf8')).trim();
  return {
    ended,
    async sees(wanted) {
      for (const deadline = Date.now() + 30_000; ; await sleep(10)) {
        const at = screen.indexOf(wanted, seen);
        if (at >= 0) {
          seen = at + wanted.length;
          return;
        }
        if (isOver || Date.now() > deadline) {
          throw new Error(`"${wanted}" is not on the screen:\n${screen.slice(seen)}\nbefore:\n${screen}`);
        }
      }
    },
    types: (keys) => void child.stdin.write(keys),
    resize(columns, rows) {
      const name = execFileSync('cat', [kept('name')], { encoding: 'utf8' }).trim();
      execFileSync('stty', ['-F', name, 'rows', String(rows), 'cols', String(columns)]);
    },
    slipway() {
      const list = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).split('\n');
      const wanted = `${process.execPath} ${builder.program} ${args[0]}`;
      const line = list.find((one) => one.replace(/^ *\d+ /, '').startsWith(wanted));
      return Number.parseInt(line ?? '', 10);
    },
    close: () => void child.kill('SIGKILL'),
    settings: async () => [await text('before'), await text('after')],
  };
}
