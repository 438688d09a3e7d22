import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const KEPT = 50;

/** The last lines an engine wrote to its log. */
export interface EngineLog {
  lines(): readonly string[];
}

/** @param onLine gets every line as it comes */
export function engineLog(stream: Readable, onLine: (line: string) => void): EngineLog {
  const kept: string[] = [];
  createInterface({ input: stream }).on('line', (line) => {
    kept.push(line);
    if (kept.length > KEPT) kept.shift();
    onLine(line);
  });
  return { lines: () => [...kept] };
}
