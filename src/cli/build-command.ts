import { build } from '../commands/build.ts';
import type { BuildRequest } from '../commands/build-request.ts';
import { checkReproducible } from '../commands/check-reproducible.ts';
import type { Environment } from '../commands/session.ts';
import { introspects } from '../conveyor/introspection.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { buildFlags } from './build-flags.ts';
import { buildVariables } from './build-variables.ts';
import { type CommandInput, sessionCommand } from './command.ts';
import { list, toggle } from './flag.ts';
import { hostFlags } from './host-flags.ts';
import { introspectionOf } from './introspection-of.ts';
import { kubernetesFlags } from './kubernetes-flags.ts';
import { logFlags } from './log-flags.ts';
import { projectFlags } from './project-flags.ts';
import { reportOptionsOf } from './report-options-of.ts';
import { repositoryFlags } from './repository-flags.ts';
import { storageRolesOf } from './storage-roles.ts';
import { volumeFlags } from './volume-flags.ts';

const section = 'command';

export const buildFlagTable = {
  finalImagesOnly: toggle('final-images-only', {
    section,
    env: ['WERF_FINAL_IMAGES_ONLY'],
    summary: 'build only final images and what they need',
  }),
  checkBuiltImages: toggle('check-built-images', {
    section,
    env: ['WERF_CHECK_BUILT_IMAGES'],
    summary: 'the same as --require-built-images',
  }),
  addCustomTag: list('add-custom-tag', 'TAG', {
    section,
    env: ['WERF_ADD_CUSTOM_TAG_*'],
    summary: 'one more tag for each final image; %image% stands for its name',
  }),
  offline: toggle('offline', {
    section,
    summary: 'ask no registry and no remote repository: what is missing on this machine is an error',
  }),
  insecureHelmDependencies: toggle('insecure-helm-dependencies', {
    section,
    summary: 'accepted, without meaning for builds',
    hidden: true,
  }),
  ...buildFlags,
  ...repositoryFlags,
  ...projectFlags,
  ...hostFlags,
  ...volumeFlags,
  ...kubernetesFlags,
  ...logFlags,
} as const;

const checkFlag = {
  checkReproducible: toggle('check-reproducible', {
    section,
    summary: 'build everything twice, from nothing, compare layers and configurations, and keep nothing',
  }),
} as const;

export const buildCommand = sessionCommand({
  name: 'build',
  summary: 'build images of a commit, or find them built',
  positionals: { usage: '[IMAGE…]', most: Number.POSITIVE_INFINITY },
  description: `Builds the images of werf.yaml as the HEAD commit of its git repository describes them. \
What was built before, here or by others into the same repository, is used again. \
Without --repo, images are kept on this machine.

IMAGE is a name or a pattern (*, ?, [..]); ! in front excludes; ~ is the image without a name; none means all.`,
  examples: [
    { line: 'slipway build', explains: 'builds all images and keeps them on this machine' },
    {
      line: 'slipway build app --repo registry.example.com/project',
      explains: 'builds the image "app" and what it needs, and pushes them',
    },
    { line: "slipway build '!docs' --save-build-report", explains: 'builds all but one and writes a report' },
    {
      line: 'slipway build app --check-reproducible',
      explains: 'builds "app" twice and names the files that differ',
    },
  ],
  variables: buildVariables,
  flags: { ...checkFlag, ...buildFlagTable },
  output: 'log',
  async run(input, session) {
    const request = buildRequestOf(input, session.env);
    await (input.flags.checkReproducible ? checkReproducible : build)(request, session);
    return '';
  },
});

/** @throws UserError for what this version cannot do */
export function buildRequestOf(
  { flags: given, positionals, cwd }: CommandInput<typeof buildFlagTable>,
  env: Environment,
): BuildRequest {
  const introspection = introspectionOf(given);
  return {
    images: positionals,
    finalImagesOnly: given.finalImagesOnly,
    storage: storageRolesOf(given),
    offline: given.offline,
    platforms: given.platform,
    ownPlatformOnly: false,
    network: networkOf(given.backendNetwork),
    limit: introspects(introspection) ? 1 : limitOf(given),
    requireBuilt: given.requireBuiltImages || given.checkBuiltImages,
    customTags: given.addCustomTag,
    report: reportOptionsOf(given, env, cwd),
    introspection,
  };
}

function networkOf(network: string | null): string | null {
  if (network === null || network === '') return null;
  if (['default', 'host', 'none'].includes(network)) return network;
  throw new UserError('NETWORK_UNKNOWN', `--backend-network: "${network}" is none of default, host, none`);
}

function limitOf(given: { readonly parallel: boolean; readonly parallelTasksLimit: number }): number | null {
  if (!given.parallel) return 1;
  if (given.parallelTasksLimit === 0) {
    throw new UserError('CLI_BAD_VALUE', '--parallel-tasks-limit: with 0 nothing could be built', {
      hint: 'give at least 1, or -1 for no limit',
    });
  }
  return given.parallelTasksLimit < 0 ? null : given.parallelTasksLimit;
}
