import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Locks } from '../../src/locks/locks.ts';
import type { LockHolder } from '../locks/support/lock-holder.ts';

const never = new AbortController().signal;

/** A place of locks that is there for one test. */
export interface LocksUnderTest {
  /** Locks of one more builder. */
  builder(): Promise<Locks>;
  /** Another process that holds a lock until it is killed with -9; null where locks end with the process. */
  readonly holder: ((name: string) => Promise<LockHolder>) | null;
  /** Milliseconds after which a holder is dead that says nothing; 0: holders need not say anything. */
  readonly live: number;
}

/** What every implementation of the port must do, tried against the real thing. */
export function locksContract(name: string, open: () => Promise<LocksUnderTest>): void {
  describe(`locks ${name}`, () => {
    it('are held by one at a time, whoever asks, and given to all', async () => {
      const { builder } = await open();
      const builders = await Promise.all([builder(), builder(), builder()]);
      let [inside, most] = [0, 0];
      const done: string[] = [];
      const work = (who: string) => async () => {
        most = Math.max(most, ++inside);
        await sleep(5);
        inside--;
        done.push(who);
        return who;
      };
      const asking = builders.flatMap((locks, index) =>
        ['a', 'b', 'c'].map((turn) => locks.hold('one', never, work(`${index}${turn}`))),
      );
      const answers = await Promise.all(asking);
      expect(most).toBe(1);
      expect(done).toHaveLength(9);
      expect([...answers].sort()).toEqual([...done].sort());
    });

    it('do not keep off those of another name, such as one that begins like it', async () => {
      const { builder } = await open();
      const [one, other] = await Promise.all([builder(), builder()]);
      const held = one.hold('project/stage', never, () =>
        other.hold('project/stage/1', never, () => one.hold('project@stage/1', never, async () => 'all')),
      );
      expect(await held).toBe('all');
    });

    it('are free again after a failure', async () => {
      const { builder } = await open();
      const [one, other] = await Promise.all([builder(), builder()]);
      const failing = one.hold('stage', never, () => Promise.reject(new Error('broken')));
      await expect(failing).rejects.toThrow('broken');
      expect(await other.hold('stage', never, async () => 'free')).toBe('free');
    });

    it('are not taken when the signal is aborted already', async () => {
      const locks = await (await open()).builder();
      let entered = false;
      const asking = locks.hold('stage', AbortSignal.abort(new Error('enough')), async () => {
        entered = true;
      });
      await expect(asking).rejects.toThrow('enough');
      expect(entered).toBe(false);
    });

    it('are not waited for any longer when the signal is aborted, nor does that keep off the next one', async () => {
      const { builder } = await open();
      const [one, two, three] = await Promise.all([builder(), builder(), builder()]);
      const [stop, release, isHeld] = [new AbortController(), promised(), promised()];
      let entered = false;
      const holding = one.hold('stage', never, async () => {
        isHeld.resolve();
        await release.promise;
      });
      await isHeld.promise;
      const waiting = two.hold('stage', stop.signal, async () => {
        entered = true;
      });
      const next = three.hold('stage', never, async () => 'next');
      await sleep(50);
      stop.abort(new Error('enough'));
      await expect(waiting).rejects.toThrow();
      release.resolve();
      await holding;
      expect(await next).toBe('next');
      expect(entered).toBe(false);
    });

    it('are kept until work that is being stopped has ended, and free then', async () => {
      const { builder } = await open();
      const [one, other] = await Promise.all([builder(), builder()]);
      const [stop, isHeld] = [new AbortController(), promised()];
      const seen: string[] = [];
      const holding = one.hold('stage', stop.signal, async () => {
        isHeld.resolve();
        await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
        await sleep(30);
        seen.push('cleaned up');
        throw stop.signal.reason;
      });
      await isHeld.promise;
      const next = other.hold('stage', never, async () => seen.push('next'));
      stop.abort(new Error('enough'));
      await expect(holding).rejects.toThrow('enough');
      await next;
      expect(seen).toEqual(['cleaned up', 'next']);
    });

    it('stay with those who work longer than the silence of the dead', async () => {
      const { builder, live } = await open();
      const [one, other] = await Promise.all([builder(), builder()]);
      const isHeld = promised();
      const seen: string[] = [];
      const holding = one.hold('stage', never, async ({ lost }) => {
        isHeld.resolve();
        await sleep(1.5 * live);
        seen.push(lost.aborted ? 'lost' : 'kept');
      });
      await isHeld.promise;
      await other.hold('stage', never, async () => seen.push('next'));
      await holding;
      expect(seen).toEqual(['kept', 'next']);
    });

    it('are taken over from a process that was killed, by one after the other', async (context) => {
      const { builder, holder } = await open();
      if (holder === null) return context.skip();
      const { kill } = await holder('stage');
      const builders = await Promise.all([builder(), builder(), builder()]);
      let inside = 0;
      const taking = builders.map((locks, index) =>
        locks.hold('stage', never, async () => {
          expect(++inside).toBe(1);
          await sleep(20);
          inside--;
          return index;
        }),
      );
      await sleep(100);
      expect(inside).toBe(0);
      await kill();
      expect(await Promise.all(taking)).toEqual([0, 1, 2]);
    });

    it('pass from a process that sleeps too long to the next one, and it learns so', async (context) => {
      const { builder, holder } = await open();
      if (holder === null) return context.skip();
      const other = await holder('stage');
      other.sleep();
      const locks = await builder();
      const seen = await locks.hold('stage', never, async ({ lost }) => {
        await other.wake();
        // What it gives back at its end is not what another one has.
        await other.kill();
        return lost.aborted ? 'lost' : 'kept';
      });
      expect(seen).toBe('kept');
      expect(await (await builder()).hold('stage', never, async () => 'free')).toBe('free');
    });
  });
}

function promised() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
