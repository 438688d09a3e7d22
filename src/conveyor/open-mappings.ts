import type { StapelImage } from '../config/project.ts';
import type { GitMapping, RemoteRepository } from '../config/stapel-parts.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { DockerfileReader } from '../dockerfile/dockerfile.ts';
import type { RemoteRepositories } from '../git/remote-repositories.ts';
import type { GitRepository } from '../git/repository.ts';
import type { CommittedFiles } from '../giterminism/committed-files.ts';
import { refuseChanges } from '../giterminism/refuse-changes.ts';
import { readSecrets, type SecretsReadFrom } from './read-secrets.ts';
import { type MappingRun, mappingRun, queriesOf } from './stapel/mapping-run.ts';

export interface OpenMappingsParts {
  /** The project's own. */
  readonly repository: GitRepository;
  readonly files: CommittedFiles;
  readonly remotes: RemoteRepositories;
  readonly reader: Pick<DockerfileReader, 'match'>;
  /** Dates of all files, Unix seconds; null: that of each mapping's commit. */
  readonly date: number | null;
  readonly secretsFrom: SecretsReadFrom;
  /** A value that must not be shown from now on. */
  readonly onSecret: (value: string) => void;
  readonly onWarning: (problem: Problem) => void;
  readonly signal: AbortSignal;
}

/** The git mappings of an image at the commits that are built. @throws UserError for local changes in what they take */
export async function openMappings(
  image: StapelImage,
  parts: OpenMappingsParts,
): Promise<readonly MappingRun[]> {
  return await Promise.all(image.git.map((mapping) => openMapping(mapping, parts)));
}

async function openMapping(mapping: GitMapping, parts: OpenMappingsParts): Promise<MappingRun> {
  const { files, reader, signal, onWarning } = parts;
  const told = new Set<string>();
  const onPointer = (path: string) => {
    if (told.has(path)) return;
    told.add(path);
    onWarning(pointerLeft(path));
  };
  const common = { reader, signal, onPointer };
  if (mapping.repository.kind === 'remote') {
    const { repository, commit } = await openRemote(mapping.repository, mapping, parts);
    const date = parts.date ?? commit.committedAt;
    return await mappingRun(mapping, { ...common, repository, commit, date, prefix: '' });
  }
  const { repository } = parts;
  const { commit, prefix } = files;
  const date = parts.date ?? commit.committedAt;
  const [run] = await Promise.all([
    mappingRun(mapping, { ...common, repository, commit, date, prefix }),
    refuseLocalChanges(mapping, parts),
  ]);
  return run;
}

async function openRemote(
  { url, name, reference, basicAuth }: RemoteRepository,
  { position }: GitMapping,
  { remotes, secretsFrom, onSecret, signal }: OpenMappingsParts,
) {
  if (basicAuth === null)
    return await remotes.open({ url, name, target: reference, credentials: null }, signal);
  const secret = { id: `password of ${url}`, source: basicAuth.password, position };
  const [content] = (await readSecrets([secret], secretsFrom)).values();
  const password = content?.toString('utf8').trimEnd() ?? '';
  onSecret(password);
  const credentials = { username: basicAuth.username, password };
  return await remotes.open({ url, name, target: reference, credentials }, signal);
}

/** What is built is what the commit holds, so the work tree must not say otherwise. */
async function refuseLocalChanges(
  mapping: GitMapping,
  { files, reader, signal }: OpenMappingsParts,
): Promise<void> {
  const directory = mapping.add.slice(1);
  const changes = await files.changesBelow(directory);
  if (changes.length === 0) return;
  const queries = queriesOf(mapping);
  const paths = changes.map(({ path }) => path);
  const sets =
    queries.length === 0
      ? []
      : await reader.match(
          paths,
          queries.map(({ query }) => query),
          signal,
        );
  const taken = changes.filter(
    ({ path }, i) => path === '' || queries.every(({ take }, q) => sets[q]?.has(i) === take),
  );
  refuseChanges(taken, directory);
}

function pointerLeft(path: string): Problem {
  return {
    code: 'GIT_LFS_POINTER',
    message: `"${path}" of a git mapping is a pointer of Git LFS, not what it stands for`,
    hint: 'install git-lfs, and see that its server can be reached',
  };
}
