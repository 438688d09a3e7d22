import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { terminalRelay } from '../../src/engine/buildah/terminal-relay.ts';
import type { TerminalSize } from '../../src/engine/terminal-link.ts';
import { temporaryDirectory } from '../helper/scripted.ts';
import { scriptedUser } from './scripted-user.ts';

const never = new AbortController().signal;

async function opened(greeting: readonly string[] = []) {
  const path = join(await temporaryDirectory(), 'tty');
  const user = scriptedUser();
  const told: boolean[] = [];
  const sizes: TerminalSize[] = [];
  const links = terminalRelay({
    terminal: user,
    socketPath: async () => path,
    resize: async (_, size) => void sizes.push(size),
    onTaken: (taken) => told.push(taken),
  });
  return { path, user, told, sizes, links, link: await links.open(greeting, never) };
}

/** What a command on the terminal is. */
function command(path: string): Promise<{ socket: Socket; heard: () => string }> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(path, () => resolve({ socket, heard: () => text })).on('error', reject);
    socket.on('data', (bytes: Buffer) => (text += bytes));
  });
}

async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 1000 && !condition(); attempt++) await sleep(5);
  expect(condition()).toBe(true);
}

describe('a link to the terminal', () => {
  it('takes it only when a command connects, and gives it back when that ends', async () => {
    const { path, user, told, link } = await opened(['hello']);
    expect(link.terminal).toEqual({ socket: path, columns: 91, rows: 17, term: 'xterm' });
    expect(user.taken()).toBe(0);
    const { socket, heard } = await command(path);
    await until(() => user.isTaken());
    user.press('keys\x03');
    socket.write('shown');
    await until(() => heard() === 'keys\x03' && user.shown() === 'hello\r\nshown');
    socket.end('last');
    await link.close();
    expect(user.shown()).toBe('hello\r\nshownlast');
    expect(user.isTaken()).toBe(false);
    expect(told).toEqual([true, false]);
    expect(existsSync(path)).toBe(false);
    await link.close();
  });

  it('tells the size at the beginning, and whenever it changes', async () => {
    const { path, user, sizes, link } = await opened();
    user.resize({ columns: 10, rows: 5 });
    const { socket } = await command(path);
    await until(() => sizes.length === 1);
    user.resize({ columns: 100, rows: 50 });
    expect(sizes).toEqual([
      { columns: 10, rows: 5 },
      { columns: 100, rows: 50 },
    ]);
    socket.end();
    await link.close();
  });

  it('hangs up what still runs when it is closed', async () => {
    const { path, user, link } = await opened();
    const { socket } = await command(path);
    const ended = new Promise((resolve) => socket.once('end', resolve));
    await until(() => user.isTaken());
    await link.close();
    await ended;
    expect(user.isTaken()).toBe(false);
  });

  it('closes without a command', async () => {
    const { path, user, told, link } = await opened();
    await link.close();
    expect([user.taken(), told, existsSync(path)]).toEqual([0, [], false]);
  });

  it('cannot be had without a terminal', async () => {
    const links = terminalRelay({
      terminal: null,
      socketPath: async () => '/nonexistent',
      resize: async () => undefined,
      onTaken: () => undefined,
    });
    expect(links.present).toBe(false);
    await expect(links.open([], never)).rejects.toThrow('no terminal');
  });
});
