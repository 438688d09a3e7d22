import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from '../../helper/scripted.ts';
import type { LockPlace } from './lock-place.ts';

export interface LockHolder {
  /** With -9: it has no chance to give anything back. */
  kill(): Promise<void>;
  /** Stops it as a machine that sleeps does. */
  sleep(): void;
  /** @returns when it has learnt that its lock is lost */
  wake(): Promise<void>;
}

/** Another process that has a lock; killed with the test, if not before. */
export async function lockHolder(place: LockPlace, name: string): Promise<LockHolder> {
  const program = join(await temporaryDirectory(), 'holder.cjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'holder.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
  });
  const child = execa('node', [program, JSON.stringify(place), name], { reject: false, stderr: 'inherit' });
  const kill = async () => {
    child.kill('SIGKILL');
    await child;
  };
  onTestFinished(kill);
  const said = new Set<string>();
  child.stdout.on('data', (text: Buffer) => {
    for (const line of text.toString().split('\n')) said.add(line);
  });
  const says = async (word: string) => {
    while (!said.has(word)) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`the holder of ${name} ended`);
      await sleep(10);
    }
  };
  await says('held');
  return {
    kill,
    sleep: () => void child.kill('SIGSTOP'),
    async wake() {
      child.kill('SIGCONT');
      await says('lost');
    },
  };
}
