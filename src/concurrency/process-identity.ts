import { readFile, readlink } from 'node:fs/promises';

/**
 * Names a process so that it is never taken for another one: after a reboot, in another container, with its number given again.
 * @returns what names nobody where `/proc` cannot be read
 */
export async function thisProcess(): Promise<string> {
  const [boot, namespace, self] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    readlink('/proc/self/ns/pid'),
    readFile('/proc/self/stat', 'utf8'),
  ]).catch(() => ['unknown', 'unknown', 'unknown ) '] as const);
  const [id = ''] = self.split(' ');
  return [boot.trim(), namespace, id, startOf(self)].join(' ');
}

/** Has the process ended, that this text names? Where that cannot be known, it has not. */
export async function hasEnded(owner: string): Promise<boolean> {
  const [boot = '', namespace = '', id = '', start = ''] = owner.trim().split(' ');
  const [here, there] = [(await thisProcess()).split(' '), [boot, namespace]];
  if (!/^\d+$/.test(id) || here[0] !== there[0] || here[1] !== there[1]) return false;
  const stat = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => null);
  return stat === null || startOf(stat) !== start;
}

/** When it was started, in clock ticks since the boot: the 22nd field, counted behind the name, which may hold anything. */
function startOf(stat: string): string {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
