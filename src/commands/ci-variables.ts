import type { Environment } from './session.ts';

/** What runs the pipeline. */
export const CI_SYSTEMS = ['gitlab', 'github'] as const;
export type CiSystem = (typeof CI_SYSTEMS)[number];

/** A variable that the pipeline's commands should have. */
export interface CiVariable {
  readonly name: string;
  /** '' where the pipeline says nothing of it. */
  readonly value: string;
  /** set: it is exported; kept: it has a value already, which stays; empty: there is nothing to export. */
  readonly state: 'set' | 'kept' | 'empty';
}

export interface CiBlock {
  readonly title: string;
  readonly variables: readonly CiVariable[];
}

/** What cannot be read from the pipeline's own variables. */
export interface CiFacts {
  /** Absolute path of the copy of Docker's configuration. */
  readonly dockerConfig: string;
  /** Name of the project; null: there is no werf.yaml. */
  readonly project: string | null;
}

export interface CiLogin {
  /** Address as the pipeline names it: the host, maybe a path behind it. */
  readonly address: string;
  readonly username: string;
  readonly password: string;
}

/** The login that a pipeline brings; null: it brings none. */
export function ciLogin(system: CiSystem, env: Environment): CiLogin | null {
  const login =
    system === 'gitlab'
      ? {
          address: env['CI_REGISTRY_IMAGE'] ?? '',
          username: 'gitlab-ci-token',
          password: env['CI_JOB_TOKEN'] ?? '',
        }
      : {
          address: isBelow(env['WERF_REPO'] ?? '', GITHUB_PACKAGES) ? GITHUB_PACKAGES : GITHUB_REGISTRY,
          username: env['GITHUB_ACTOR'] ?? '',
          password: env['GITHUB_TOKEN'] ?? '',
        };
  return Object.values(login).includes('') ? null : login;
}

const GITHUB_REGISTRY = 'ghcr.io';
const GITHUB_PACKAGES = 'docker.pkg.github.com';

/** What the commands of a pipeline should know, block by block; the same in every run of a job. */
export function ciVariables(system: CiSystem, env: Environment, facts: CiFacts): readonly CiBlock[] {
  const of = (name: string) => env[name] ?? '';
  /** Beats what is there. */
  const always = (name: string, value: string): CiVariable => ({
    name,
    value,
    state: value === '' ? 'empty' : 'set',
  });
  const unlessSet = (name: string, value: string): CiVariable =>
    of(name) === '' ? always(name, value) : { name, value: of(name), state: 'kept' };
  const annotation = (name: string, key: string, value: string) =>
    always(`WERF_ADD_ANNOTATION_${name}`, value === '' ? '' : `${key}=${value}`);
  const own = system === 'gitlab' ? gitlab(of) : github(of, facts.project);
  return [
    {
      title: 'docker config',
      variables: [
        always('DOCKER_CONFIG', facts.dockerConfig),
        always('WERF_DOCKER_CONFIG', facts.dockerConfig),
      ],
    },
    { title: 'repository', variables: own.repository.map(([name, value]) => unlessSet(name, value)) },
    ...(own.environment.length === 0
      ? []
      : [
          { title: 'environment', variables: own.environment.map(([name, value]) => unlessSet(name, value)) },
        ]),
    {
      title: 'annotations',
      variables: [
        annotation('PROJECT_GIT', 'project.werf.io/git', own.projectUrl),
        annotation('CI_COMMIT', 'ci.werf.io/commit', own.commit),
        annotation('CI_GIT_TAG', 'ci.werf.io/tag', own.tag),
        ...own.links.map(({ name, key, value }) => annotation(name, key, value)),
        annotation('WERF_RELEASE_CHANNEL', 'werf.io/release-channel', of('TRDL_USE_WERF_GROUP_CHANNEL')),
      ],
    },
    {
      title: 'log and process',
      variables: [
        unlessSet('WERF_LOG_COLOR_MODE', 'on'),
        unlessSet('WERF_LOG_PROJECT_DIR', '1'),
        unlessSet('WERF_ENABLE_PROCESS_EXTERMINATOR', '1'),
        unlessSet('WERF_LOG_TERMINAL_WIDTH', '130'),
      ],
    },
  ];
}

type Pairs = readonly (readonly [name: string, value: string])[];

interface Pipeline {
  readonly repository: Pairs;
  readonly environment: Pairs;
  readonly projectUrl: string;
  readonly commit: string;
  readonly tag: string;
  readonly links: readonly { readonly name: string; readonly key: string; readonly value: string }[];
}

function gitlab(of: (name: string) => string): Pipeline {
  const repository = of('CI_REGISTRY_IMAGE');
  // The kind is that of the repository that will be used.
  const used = of('WERF_REPO') || repository;
  return {
    repository: [
      ['WERF_REPO', repository],
      ['WERF_REPO_CONTAINER_REGISTRY', isBelow(used, of('CI_REGISTRY')) ? 'gitlab' : ''],
    ],
    environment: [['WERF_ENV', of('CI_ENVIRONMENT_SLUG')]],
    projectUrl: of('CI_PROJECT_URL'),
    commit: of('CI_COMMIT_SHA'),
    tag: of('CI_COMMIT_TAG'),
    links: [
      {
        name: 'GITLAB_CI_PIPELINE_URL',
        key: 'gitlab.ci.werf.io/pipeline-url',
        value: of('CI_PIPELINE_URL'),
      },
      { name: 'GITLAB_CI_JOB_URL', key: 'gitlab.ci.werf.io/job-url', value: of('CI_JOB_URL') },
    ],
  };
}

function github(of: (name: string) => string, project: string | null): Pipeline {
  const repository = of('GITHUB_REPOSITORY');
  const url = repository === '' ? '' : `https://github.com/${repository}`;
  const run = of('GITHUB_RUN_ID');
  const isKnown = repository !== '' && project !== null;
  return {
    repository: [
      ['WERF_REPO', isKnown ? `${GITHUB_REGISTRY}/${repository.toLowerCase()}/${project}` : ''],
      ['WERF_REPO_GITHUB_TOKEN', of('GITHUB_TOKEN')],
    ],
    environment: [],
    projectUrl: url,
    commit: of('GITHUB_SHA'),
    tag: of('GITHUB_REF_TYPE') === 'tag' ? of('GITHUB_REF_NAME') : '',
    links: [
      {
        name: 'GITHUB_ACTIONS_RUN_URL',
        key: 'github.ci.werf.io/workflow-run-url',
        value: url === '' || run === '' ? '' : `${url}/actions/runs/${run}`,
      },
    ],
  };
}

/** Does an address lie in a registry, or in a part of one? */
function isBelow(address: string, registry: string): boolean {
  return registry !== '' && (address === registry || address.startsWith(`${registry}/`));
}
