import { setTimeout as sleep } from 'node:timers/promises';
import type { ImageResult } from '../conveyor/image-result.ts';
import { introspects } from '../conveyor/introspection.ts';
import { processImages } from '../conveyor/process-images.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { LOCAL_STORAGE } from '../storage/storage-roles.ts';
import type { BuildRequest } from './build-request.ts';
import { type BuiltTwice, compareBuilds } from './compare-builds.ts';
import { conveyorPartsOf } from './conveyor-parts-of.ts';
import { type PlannedRequest, plannedBuild } from './planned-build.ts';
import type { Clock, FreshStore, Session } from './session.ts';
import { shownName } from './shown-name.ts';

/**
 * Builds images twice, each time from nothing into a store that is thrown away, and compares. No repository is asked for
 * stages or gets any.
 * @throws UserError NOT_REPRODUCIBLE naming images, layers and files
 */
export async function checkReproducible(request: BuildRequest, session: Session): Promise<void> {
  refuseContradictions(request);
  const planned = await plannedBuild(request, session);
  const first = await session.ports.freshStore();
  const second = await session.ports.freshStore();
  try {
    const one = await buildInto(first, 'first', { request, session, planned });
    await nextSecond(session.clock, session.signal);
    const two = await buildInto(second, 'second', { request, session, planned });
    const several = new Set(one.map(({ platform }) => platform)).size > 1;
    await compareAll(
      one.map((result, index) => ({
        name: several ? `${shownName(result.name)} [${result.platform}]` : result.name,
        first: copyOf(result, first),
        second: copyOf(two[index], second),
      })),
      session,
    );
  } finally {
    await Promise.all([first.close(), second.close()]);
  }
}

interface Work {
  readonly request: BuildRequest;
  readonly session: Session;
  readonly planned: PlannedRequest;
}

async function buildInto(
  store: FreshStore,
  turn: string,
  { request, session, planned }: Work,
): Promise<readonly ImageResult[]> {
  session.progress.emit({ kind: 'line', line: `Building for the ${turn} time, into a store of its own` });
  const { opened, sets } = planned;
  const local = { ...request, storage: LOCAL_STORAGE };
  const parts = await conveyorPartsOf(local, session, { opened, workshop: store });
  return await processImages(parts, sets, {
    limit: request.limit,
    requireBuilt: false,
    signal: session.signal,
  });
}

/** What has the time in it, to the second, then differs. */
async function nextSecond({ now }: Clock, signal: AbortSignal): Promise<void> {
  await sleep(1005 - (now() % 1000), undefined, { signal });
}

function copyOf(result: ImageResult | undefined, { insides }: FreshStore): BuiltTwice['first'] {
  const last = result?.stages.at(-1);
  if (!last) throw new Error('an image was built without a stage');
  return { id: last.stage.facts.id, insides };
}

async function compareAll(images: readonly BuiltTwice[], session: Session): Promise<void> {
  const problems: Problem[] = [];
  const differing: string[] = [];
  for (const built of images) {
    const { layers, differences } = await compareBuilds(built, session);
    const name = `image ${shownName(built.name)}`;
    if (differences.length === 0) {
      const line = `${name} is reproducible: ${layers} layer digests and the configuration are equal`;
      session.progress.emit({ kind: 'line', line });
      continue;
    }
    differing.push(name);
    problems.push({ code: 'NOT_REPRODUCIBLE', message: [`${name}:`, ...differences].join('\n') });
  }
  if (problems.length === 0) return;
  throw new UserError('NOT_REPRODUCIBLE', `${differing.join(', ')}: two builds of one commit differ`, {
    problems,
    hint: 'pin what commands take from the clock, from chance, or from the network, such as the newest packages',
  });
}

function refuseContradictions({ requireBuilt, report, introspection }: BuildRequest): void {
  const others = [
    ...(requireBuilt ? ['--require-built-images'] : []),
    ...(report.save ? ['--save-build-report'] : []),
    ...(report.use ? ['--use-build-report'] : []),
    ...(introspects(introspection) ? ['--introspect-error and its like'] : []),
  ];
  const [other] = others;
  if (other === undefined) return;
  throw new UserError('CLI_BAD_VALUE', `--check-reproducible and ${other} exclude each other`, {
    hint: 'the check builds everything anew, twice, and keeps nothing',
  });
}
