import { connect, createServer, type Socket } from 'node:net';
import { freePort } from './registry.ts';

/** Stands in front of a registry and lets no more than so many bytes of answers through, until it is told to. */
export interface StallingFront {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Resolves when the limit is reached. */
  readonly stalled: Promise<void>;
  release(): void;
  stop(): Promise<void>;
}

export async function stallingFront(behind: string, limit: number): Promise<StallingFront> {
  const [hostname = '', port = ''] = behind.split(':');
  const own = await freePort();
  const sockets = new Set<Socket>();
  let passed = 0;
  let released = false;
  let onStalled: () => void = () => undefined;
  const stalled = new Promise<void>((resolve) => {
    onStalled = resolve;
  });
  const server = createServer((client) => {
    const registry = connect(Number(port), hostname);
    for (const socket of [client, registry]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        registry.destroy();
      });
    }
    client.pipe(registry);
    registry.on('data', (data: Buffer) => {
      passed += data.length;
      if (released || passed <= limit) {
        if (!client.write(data)) {
          registry.pause();
          client.once('drain', () => registry.resume());
        }
        return;
      }
      registry.pause();
      onStalled();
    });
  });
  await new Promise<void>((resolve) => server.listen(own, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${own}`,
    stalled,
    release() {
      released = true;
      for (const socket of sockets) socket.destroy();
    },
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
