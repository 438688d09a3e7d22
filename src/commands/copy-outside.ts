import { eachOf } from '../concurrency/each-of.ts';
import { NO_INTROSPECTION } from '../conveyor/introspection.ts';
import { type OutsideImage, survey } from '../conveyor/survey.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { toolchainReference } from '../stages/toolchain-image.ts';
import { baseCopyTag, wholeReference } from '../storage/base-copies.ts';
import { LOCAL_STORAGE } from '../storage/storage-roles.ts';
import { conveyorPartsOf } from './conveyor-parts-of.ts';
import type { CopiedImage, CopyStagesRequest } from './copy-request.ts';
import { plannedBuild } from './planned-build.ts';
import type { Session } from './session.ts';

const AT_ONCE = 5;

/**
 * Images that are not the project's and that the commit's configuration needs: bases, sources of imports, the toolchain.
 * What cannot be had is warned about.
 * @param names what is copied anyway
 */
export async function outsideImages(
  { from, platforms }: Pick<CopyStagesRequest, 'from' | 'platforms'>,
  names: readonly string[],
  session: Session,
): Promise<readonly CopiedImage[]> {
  const { ports, progress, env, signal } = session;
  const { opened, sets } = await plannedBuild({ images: [], finalImagesOnly: false, platforms }, session);
  const primary = from.kind === 'repository' ? from.address : null;
  const wanted = {
    storage: { ...LOCAL_STORAGE, primary },
    platforms,
    network: null,
    introspection: NO_INTROSPECTION,
  };
  const parts = await conveyorPartsOf(wanted, session, { opened, workshop: session.ports });
  const outside = new Map<string, OutsideImage>();
  for (const { build, platform, outside: own } of await survey(parts, sets, signal)) {
    const { config } = build;
    const kind = config.kind === 'stapel' ? config.instructions?.kind : undefined;
    const tools = kind && toolchainReference(env, kind === 'ansible' ? 'ansible' : 'base', platform);
    for (const one of [...own, ...(tools ? [{ reference: tools, platform }] : [])]) {
      outside.set(baseCopyTag(one.reference), one);
    }
  }
  const copied = new Set(names);
  const missing = [...outside].filter(([tag]) => !copied.has(tag));
  const found = await eachOf(missing, AT_ONCE, async ([name, { reference, platform }]) => {
    const reason = await ports.registry.image(reference, platform, signal).then(
      (facts) => (facts ? null : 'it does not exist'),
      (error: unknown) => {
        signal.throwIfAborted();
        if (error instanceof UserError) return error.message;
        throw error;
      },
    );
    const original = wholeReference(reference);
    if (reason === null) return [{ name, reference, original }];
    const message = `the image ${reference} is not copied, so that nothing can be built on it from the archive alone: ${reason}`;
    progress.emit({ kind: 'warning', problem: { code: 'BASE_IMAGE_NOT_COPIED', message } });
    return [];
  });
  return found.flat();
}
