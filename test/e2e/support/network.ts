import { execFileSync } from 'node:child_process';

/** Network namespaces on one bridge, which reach this machine by the bridge's address and one another, and nothing else. */
export interface Network {
  /** Address of this machine. */
  readonly address: string;
  readonly namespaces: readonly NetworkNamespace[];
  remove(): void;
}

export interface NetworkNamespace {
  readonly address: string;
  /** Command line that runs what follows it inside. */
  readonly enter: readonly [string, ...string[]];
  /** Ends everything in it at once. @returns how many processes that were */
  kill(): number;
}

/** Needs root. @param count of namespaces, fewer than 200 */
export function makeNetwork(count: number): Network {
  // 15 bytes is the most that a name of a link may have.
  const name = `sl${process.pid}`;
  const subnet = `10.${100 + (process.pid % 100)}.${Math.floor(process.pid / 100) % 256}`;
  const address = `${subnet}.1`;
  const made: string[] = [];
  const remove = () => {
    for (const namespace of made) {
      for (let tries = 0; tries < 100 && killAll(namespace) > 0; tries++);
      quietly('netns', 'del', namespace);
    }
    quietly('link', 'del', name);
  };
  try {
    ip('link', 'add', name, 'type', 'bridge');
    ip('addr', 'add', `${address}/24`, 'dev', name);
    ip('link', 'set', name, 'up');
    const namespaces = Array.from({ length: count }, (_, index): NetworkNamespace => {
      const [namespace, outside, inside] = [`${name}n${index}`, `${name}o${index}`, `${name}i${index}`];
      const own = `${subnet}.${index + 2}`;
      ip('netns', 'add', namespace);
      made.push(namespace);
      ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', namespace);
      ip('link', 'set', outside, 'master', name, 'up');
      ip('-n', namespace, 'addr', 'add', `${own}/24`, 'dev', inside);
      ip('-n', namespace, 'link', 'set', inside, 'up');
      ip('-n', namespace, 'link', 'set', 'lo', 'up');
      return {
        address: own,
        enter: ['nsenter', `--net=/run/netns/${namespace}`, '--'],
        kill: () => killAll(namespace),
      };
    });
    return { address, namespaces, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function quietly(...args: string[]): void {
  try {
    ip(...args);
  } catch {
    // It is gone already.
  }
}

function killAll(namespace: string): number {
  const pids = ip('netns', 'pids', namespace).split('\n').filter(Boolean).map(Number);
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
  return pids.length;
}
