import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Takes connections on loopback and never says a word. */
export async function silentServer(): Promise<{ readonly host: string; readonly connected: Promise<void> }> {
  const sockets: Socket[] = [];
  const server = createServer();
  const connected = new Promise<void>((resolve) => {
    server.on('connection', (socket) => {
      sockets.push(socket.on('error', () => undefined));
      resolve();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { host: `127.0.0.1:${address.port}`, connected };
}
