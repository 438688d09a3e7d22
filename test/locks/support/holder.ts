// Takes a lock and keeps it until it is killed: node holder.cjs PLACE NAME. Says when it has it, and when it has lost it.
import { type LockPlace, locksAt } from './lock-place.ts';

const [place = '', name = ''] = process.argv.slice(2);

async function hold(): Promise<void> {
  const locks = await locksAt(JSON.parse(place) as LockPlace, ({ message }) => console.error(message));
  await locks.hold(name, new AbortController().signal, async ({ lost }) => {
    lost.addEventListener('abort', () => console.log('lost'));
    console.log('held');
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  });
}

hold().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
