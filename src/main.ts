#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { constants, homedir, tmpdir } from 'node:os';
import process from 'node:process';
import { addAbortSignal } from 'node:stream';
import { isatty, type WriteStream } from 'node:tty';
import { interruption } from './cli/interruption.ts';
import type { ProcessView } from './cli/process-view.ts';
import { run } from './cli/run.ts';

/** Milliseconds that a command has to stop after a signal. */
const GRACE = 30_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The first signal asks the command to stop, the second one ends the process. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of SIGNALS) {
    const exitCode = 128 + constants.signals[name];
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(exitCode);
      controller.abort(interruption(name, exitCode));
      setTimeout(() => process.exit(exitCode), GRACE).unref();
    });
  }
  return controller.signal;
}

/** A reader that goes away is no failure: what it does not take is dropped. */
function output(stream: WriteStream): ProcessView['stdout'] {
  let isBroken = false;
  stream.on('error', () => {
    isBroken = true;
  });
  return {
    write(text) {
      if (!isBroken) stream.write(text);
    },
    // A dumb terminal cannot do more than a file can.
    isTTY: stream.isTTY === true && process.env['TERM'] !== 'dumb',
    get columns() {
      return stream.columns;
    },
    get rows() {
      return stream.rows;
    },
  };
}

function userTerminal(): ProcessView['terminal'] {
  if (!isatty(0) || !isatty(1)) return null;
  return {
    term: process.env['TERM'] ?? '',
    size: () => ({ columns: process.stdout.columns, rows: process.stdout.rows }),
    take({ keys, resized }) {
      const { stdin, stdout } = process;
      let isTaken = true;
      // A terminal that goes away is told by SIGHUP.
      stdin.on('error', () => undefined);
      stdin.on('data', keys);
      stdout.on('resize', resized);
      stdin.setRawMode(true);
      // A second time, listening alone does not do that.
      stdin.resume();
      return {
        write: (bytes) => {
          if (!stdout.destroyed) stdout.write(bytes);
        },
        release() {
          if (!isTaken) return;
          isTaken = false;
          stdin.off('data', keys);
          stdout.off('resize', resized);
          stdin.setRawMode(false);
          stdin.pause();
        },
      };
    },
  };
}

function written(stream: WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.errored) resolve();
    else stream.write('', () => resolve());
  });
}

async function readInput(signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of addAbortSignal(signal, process.stdin)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

function viewOfProcess(): ProcessView {
  const signal = stopSignal();
  return {
    args: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    program: realpathSync(process.argv[1] ?? ''),
    platform: process.platform,
    architecture: process.arch,
    nodeVersion: process.version,
    homeDirectory: homedir(),
    temporaryDirectory: tmpdir(),
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    terminal: userTerminal(),
    signal,
    readInput: () => readInput(signal),
    clock: { now: Date.now, unique: () => randomBytes(6).toString('hex') },
    zoneMinutes: -new Date().getTimezoneOffset(),
    every(milliseconds, tick) {
      const timer = setInterval(tick, milliseconds);
      return () => clearInterval(timer);
    },
  };
}

async function main(): Promise<never> {
  const exitCode = await run(viewOfProcess());
  await Promise.all([written(process.stdout), written(process.stderr)]);
  process.exit(exitCode);
}

// Whatever `run` could not turn into a status is a defect: Node.js then shows its trace.
void main();
