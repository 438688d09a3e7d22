import { parseSynchronization, type Synchronization } from '../locks/synchronization.ts';
import { parseRepository, type RepositoryAddress } from '../oci/repository-address.ts';
import { choice, list, type Parsed, parsed, text } from './flag.ts';

const section = 'repositories';
const KINDS = [
  'auto',
  'acr',
  'default',
  'dockerhub',
  'ecr',
  'gcr',
  'github',
  'gitlab',
  'harbor',
  'quay',
] as const;

/** The local storage of this machine, written as an address. */
export const LOCAL = ':local';

const synchronization = parsed<Synchronization>('synchronization', 'ADDRESS', parseSynchronization, {
  section,
  short: 'S',
  env: ['WERF_SYNCHRONIZATION'],
  summary:
    'where builders lock what they work on: etcd://HOST:PORT, etcds://HOST:PORT, kubernetes://NAMESPACE[:CONTEXT][@CONFIG]',
  fallbackText: ':local, files of this machine',
});

/** Where stages are stored. */
export const repositoryFlags = {
  repo: parsed<RepositoryAddress | typeof LOCAL>('repo', 'ADDRESS', parseAddress, {
    section,
    env: ['WERF_REPO'],
    summary: 'repository that keeps the stages, such as registry.example.com/project',
    fallbackText: 'the local storage of this machine',
  }),
  finalRepo: text('final-repo', 'ADDRESS', {
    section,
    env: ['WERF_FINAL_REPO'],
    summary: 'repository that gets the last stage of final images, for those who run them',
  }),
  cacheRepo: list('cache-repo', 'ADDRESS', {
    section,
    env: ['WERF_CACHE_REPO_*'],
    summary: 'repository near this machine that stages are read from first, and copied to',
  }),
  secondaryRepo: list('secondary-repo', 'ADDRESS', {
    section,
    env: ['WERF_SECONDARY_REPO_*'],
    summary: 'repository of somebody else that missing stages are copied from',
  }),
  synchronization,
  ...vendorFlags('repo'),
  ...finalVendorFlags(),
} as const;

function parseAddress(value: string): Parsed<RepositoryAddress | typeof LOCAL> {
  if (value === LOCAL) return { ok: true, value };
  const result = parseRepository(value);
  if (result.ok) return { ok: true, value: result.address };
  return { ok: false, reason: `"${value}" is not a repository address: ${result.reason}` };
}

/** What vendors' interfaces ask for; they are needed where images are deleted. */
function vendorFlags(repo: 'repo' | 'final-repo') {
  const variable = `WERF_${repo.toUpperCase().replace('-', '_')}`;
  const of = repo === 'repo' ? 'the repository' : 'the final repository';
  const secret = (name: string, summary: string) =>
    text(`${repo}-${name}`, 'VALUE', {
      section,
      env: [`${variable}_${name.toUpperCase().replaceAll('-', '_')}`],
      summary: `${summary} of ${of}`,
      secret: !name.endsWith('username'),
    });
  return {
    repoContainerRegistry: choice(`${repo}-container-registry`, KINDS, 'auto', {
      section,
      env: [`${variable}_CONTAINER_REGISTRY`],
      summary: `kind of the registry of ${of}`,
      fallbackText: 'by its address',
    }),
    repoDockerHubUsername: secret('docker-hub-username', 'Docker Hub user'),
    repoDockerHubPassword: secret('docker-hub-password', 'Docker Hub password'),
    repoDockerHubToken: secret('docker-hub-token', 'Docker Hub token'),
    repoGithubToken: secret('github-token', 'GitHub token'),
    repoHarborUsername: secret('harbor-username', 'Harbor user'),
    repoHarborPassword: secret('harbor-password', 'Harbor password'),
    repoQuayToken: secret('quay-token', 'Quay token'),
  };
}

function finalVendorFlags() {
  const flags = vendorFlags('final-repo');
  return {
    finalRepoContainerRegistry: flags.repoContainerRegistry,
    finalRepoDockerHubUsername: flags.repoDockerHubUsername,
    finalRepoDockerHubPassword: flags.repoDockerHubPassword,
    finalRepoDockerHubToken: flags.repoDockerHubToken,
    finalRepoGithubToken: flags.repoGithubToken,
    finalRepoHarborUsername: flags.repoHarborUsername,
    finalRepoHarborPassword: flags.repoHarborPassword,
    finalRepoQuayToken: flags.repoQuayToken,
  };
}
