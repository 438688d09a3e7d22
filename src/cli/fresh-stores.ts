import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FreshStore } from '../commands/session.ts';

/** Where a store and its engine have their files. */
export interface StorePlace {
  /** Private directory of the engine; exists. */
  readonly directory: string;
  /** Variables that lead the engine to the store. */
  readonly env: Readonly<Record<string, string>>;
}

/** Stores that last no longer than the run. */
export interface FreshStores {
  make(): Promise<FreshStore>;
  /** Ends the engines of all; their directories go with that of the run. */
  close(): Promise<void>;
}

/** @param open starts nothing yet */
export function freshStores(
  runDirectory: () => Promise<string>,
  open: (place: StorePlace) => FreshStore,
): FreshStores {
  const made: FreshStore[] = [];
  return {
    async make() {
      const directory = join(await runDirectory(), `store-${made.length + 1}`);
      const conf = join(directory, 'storage.conf');
      await mkdir(directory, { mode: 0o700 });
      await writeFile(conf, storageConf(directory));
      const store = open({ directory, env: { CONTAINERS_STORAGE_CONF: conf } });
      made.push(store);
      return store;
    },
    async close() {
      await Promise.all(made.map((store) => store.close()));
    },
  };
}

/** The engine tries all drivers, whichever stands here. */
function storageConf(directory: string): string {
  const [graph, run] = ['graph', 'state'].map((name) => JSON.stringify(join(directory, name)));
  return `[storage]\ndriver = "overlay"\ngraphroot = ${graph}\nrunroot = ${run}\n`;
}
