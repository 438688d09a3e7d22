import { readFileSync } from 'node:fs';

/** Is there such a process? One that has ended and was not yet collected does not count. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
