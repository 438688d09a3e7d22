import type { Socket } from 'node:net';
import type { ContextPart } from '../engine.ts';

/** Longer is no request. */
const LONGEST = 20;

/** Reads the line by which a reader says what it wants. @returns null when it goes away before */
export function requestLine(socket: Socket): Promise<string | null> {
  return new Promise((resolve) => {
    let text = '';
    const take = (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (text.includes('\n') || text.length > LONGEST) settle(text);
    };
    const settle = (line: string | null) => {
      socket.off('data', take);
      socket.resume();
      resolve(line?.replace(/\n$/, '') ?? null);
    };
    socket.on('data', take);
    socket.once('end', () => settle(null));
    socket.once('close', () => settle(null));
  });
}

/** @returns null when the line asks for nothing that there is */
export function requestedPart(line: string, count: number): ContextPart | null {
  if (line === 'all') return line;
  const need = /^(?:0|[1-9][0-9]*)$/.test(line) ? Number(line) : count;
  return need < count ? need : null;
}
