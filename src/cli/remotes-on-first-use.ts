import type { RemoteRepositories } from '../git/remote-repositories.ts';

/** Repositories that git mappings name, made when the first is opened. @param signal ends what is under way */
export function remotesOnFirstUse(
  load: () => Promise<RemoteRepositories>,
  signal: AbortSignal,
): RemoteRepositories {
  let loaded: Promise<RemoteRepositories> | undefined;
  return {
    async open(request, stop) {
      loaded ??= load();
      return await (await loaded).open(request, AbortSignal.any([signal, stop]));
    },
    async close() {
      const known = await loaded?.catch(() => undefined);
      await known?.close();
    },
  };
}
