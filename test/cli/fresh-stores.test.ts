import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freshStores, type StorePlace } from '../../src/cli/fresh-stores.ts';
import type { FreshStore } from '../../src/commands/session.ts';
import { temporaryDirectory } from '../helper/scripted.ts';

describe('stores of a run', () => {
  it('have directories and settings of their own, and are closed together', async () => {
    const run = await temporaryDirectory();
    const places: StorePlace[] = [];
    const closed: string[] = [];
    const stores = freshStores(
      async () => run,
      (place) => {
        places.push(place);
        return { close: async () => void closed.push(place.directory) } as unknown as FreshStore;
      },
    );
    await stores.make();
    await stores.make();
    expect(places.map(({ directory }) => directory)).toEqual([join(run, 'store-1'), join(run, 'store-2')]);
    for (const { directory, env } of places) {
      expect((await stat(directory)).mode & 0o777).toBe(0o700);
      const conf = await readFile(env['CONTAINERS_STORAGE_CONF'] ?? '', 'utf8');
      expect(conf).toContain(`graphroot = "${directory}/graph"`);
      expect(conf).toContain(`runroot = "${directory}/state"`);
    }
    await stores.close();
    expect(closed).toEqual(places.map(({ directory }) => directory));
  });
});
