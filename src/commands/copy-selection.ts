import { readFile } from 'node:fs/promises';
import { eachOf } from '../concurrency/each-of.ts';
import { indexTagOf, partsByImage } from '../conveyor/built-image.ts';
import type { ImageResult } from '../conveyor/image-result.ts';
import { NO_INTROSPECTION } from '../conveyor/introspection.ts';
import { processImages } from '../conveyor/process-images.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { RepositoryAddress } from '../oci/repository-address.ts';
import { formatStageId } from '../stages/stage-id.ts';
import { projectTag } from '../storage/project-tags.ts';
import { managedImageTag, parseCommitTag } from '../storage/record-tags.ts';
import { LOCAL_STORAGE } from '../storage/storage-roles.ts';
import { conveyorPartsOf } from './conveyor-parts-of.ts';
import type { CopyStagesRequest } from './copy-request.ts';
import { plannedBuild } from './planned-build.ts';
import { readBuildReport } from './read-build-report.ts';
import type { Session } from './session.ts';

/** Images looked up at the same time. */
const AT_ONCE = 5;

/** Names of what is to be copied: tags of a repository, names in an archive. Stages come before what tells of them. */
export async function selectNames(request: CopyStagesRequest, session: Session): Promise<readonly string[]> {
  const { from, all, report } = request;
  const there = await namesAt(request, session);
  if (all && !report.use) {
    if (from.kind === 'archive') return stagesFirst(there);
    return stagesFirst([...there.filter(isProjects), ...(await customTags(from.address, there, session))]);
  }
  const wanted = report.use ? await reported(request) : await ofCommit(request, session);
  const known = new Set(there);
  const missing = [...wanted.stages].filter((tag) => !known.has(tag));
  if (missing.length > 0) {
    throw new UserError('STAGES_REQUIRED', `stages required: ${from.text} lacks ${missing.join(', ')}`, {
      hint: 'build the images there first',
    });
  }
  const records = [...wanted.images.map(managedImageTag), ...wanted.imports];
  const commits = there.filter((tag) => {
    const record = parseCommitTag(tag);
    return record !== null && wanted.stages.has(record.tag);
  });
  return stagesFirst([...wanted.stages, ...records.filter((tag) => known.has(tag)), ...commits]);
}

function isProjects(tag: string): boolean {
  return projectTag(tag) !== null;
}

async function namesAt({ from }: CopyStagesRequest, { ports, signal }: Session): Promise<readonly string[]> {
  if (from.kind === 'archive') return (await ports.archives.list(from.path, signal)).map(({ name }) => name);
  return await ports.registry.tags(from.address, { prefix: '', refresh: false }, signal);
}

/** Tags that slipway gave by wish: their records name them. */
async function customTags(
  address: RepositoryAddress,
  there: readonly string[],
  { ports, host, signal }: Session,
): Promise<readonly string[]> {
  const records = there.filter((tag) => projectTag(tag) === 'custom-tag-record');
  const known = new Set(there);
  const tags = await eachOf(records, AT_ONCE, async (record) => {
    const facts = await ports.registry.image(`${address}:${record}`, host.platform, signal);
    return facts?.labels.get('tag') ?? '';
  });
  return tags.filter((tag) => known.has(tag) && !isProjects(tag));
}

interface Wanted {
  /** Tags. */
  readonly stages: ReadonlySet<string>;
  /** '' is the nameless one. */
  readonly images: readonly string[];
  /** Tags of records of imports. */
  readonly imports: readonly string[];
}

async function ofCommit({ from, platforms }: CopyStagesRequest, session: Session): Promise<Wanted> {
  if (from.kind === 'archive') {
    throw new UserError(
      'STAGES_COPY_PLACES',
      'with --all=false stages are copied from a repository, not from an archive',
      {
        hint: 'copy all of the archive, or those of a build report with --use-build-report',
      },
    );
  }
  const { opened, sets } = await plannedBuild({ images: [], finalImagesOnly: false, platforms }, session);
  const storage = { ...LOCAL_STORAGE, primary: from.address };
  const wanted = { storage, network: null, introspection: NO_INTROSPECTION };
  const parts = await conveyorPartsOf(wanted, session, { opened, workshop: session.ports });
  const imports = new Set<string>();
  const noting: typeof parts = {
    ...parts,
    importRecords: {
      ...parts.importRecords,
      find(id, signal) {
        imports.add(`import-metadata-${id}`);
        return parts.importRecords.find(id, signal);
      },
    },
  };
  const { signal } = session;
  const results = await processImages(noting, sets, { limit: AT_ONCE, requireBuilt: true, signal });
  const images = partsByImage(results);
  const indexes = images.filter(({ length }) => length > 1);
  return {
    stages: new Set([...results.flatMap(tagsOf), ...indexes.map(indexTagOf)]),
    images: images.map(([part]) => part?.name ?? ''),
    imports: [...imports],
  };
}

function tagsOf({ stages }: ImageResult): readonly string[] {
  return stages.map(({ stage }) => formatStageId(stage.id));
}

async function reported({ report }: CopyStagesRequest): Promise<Wanted> {
  const images = await readBuildReport(report, []);
  const stages = new Set([...images.values()].map(({ DockerTag }) => DockerTag));
  const { Images }: { Images: Record<string, { Stages?: readonly { DockerTag?: string }[] }> } = JSON.parse(
    await readFile(report.path, 'utf8'),
  );
  for (const { Stages = [] } of Object.values(Images)) {
    for (const { DockerTag } of Stages) if (DockerTag) stages.add(DockerTag);
  }
  return { stages, images: [...images.keys()], imports: [] };
}

/** Who reads a repository meanwhile never finds a record of a stage that is not there yet. */
function stagesFirst(names: readonly string[]): readonly string[] {
  const rank = (name: string) => {
    const kind = projectTag(name);
    if (kind === 'stage') return 0;
    return kind === 'index' ? 1 : 2;
  };
  return [...new Set(names)].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}
