import type { Command } from './command.ts';

/** A command that works. Its module is loaded when it is run, or asked about. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Command>;
}

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'build',
    summary: 'build images of a commit, or find them built',
    load: async () => (await import('./build-command.ts')).buildCommand,
  },
  {
    name: 'run',
    summary: 'run a command in an image, built if needed',
    load: async () => (await import('./run-command.ts')).runCommand,
  },
  {
    name: 'stage image',
    summary: 'print the full name of an image that is built',
    load: async () => (await import('./stage-image-command.ts')).stageImageCommand,
  },
  {
    name: 'stages copy',
    summary: 'copy stages between repositories, or to and from a file',
    load: async () => (await import('./stages-copy-command.ts')).stagesCopyCommand,
  },
  {
    name: 'export',
    summary: 'copy images to free names, without the labels of slipway, built if needed',
    load: async () => (await import('./export-command.ts')).exportCommand,
  },
  {
    name: 'config render',
    summary: 'print the rendered configuration',
    load: async () => (await import('./config-render-command.ts')).configRenderCommand,
  },
  {
    name: 'config list',
    summary: 'print the names of the images',
    load: async () => (await import('./config-list-command.ts')).configListCommand,
  },
  {
    name: 'config graph',
    summary: 'print what each image depends on',
    load: async () => (await import('./config-graph-command.ts')).configGraphCommand,
  },
  {
    name: 'managed-images ls',
    summary: 'print the names of images that the repository knows',
    load: async () => (await import('./managed-images-commands.ts')).managedImagesLsCommand,
  },
  {
    name: 'managed-images add',
    summary: 'record the name of an image in the repository',
    load: async () => (await import('./managed-images-commands.ts')).managedImagesAddCommand,
  },
  {
    name: 'managed-images rm',
    summary: 'remove the name of an image from the repository',
    load: async () => (await import('./managed-images-commands.ts')).managedImagesRmCommand,
  },
  {
    name: 'cr login',
    summary: 'log in to a registry',
    load: async () => (await import('./cr-login-command.ts')).crLoginCommand,
  },
  {
    name: 'cr logout',
    summary: 'forget the login of a registry',
    load: async () => (await import('./cr-logout-command.ts')).crLogoutCommand,
  },
  {
    name: 'ci-env',
    summary: 'print lines that prepare a job of GitLab CI or GitHub Actions',
    load: async () => (await import('./ci-env-command.ts')).ciEnvCommand,
  },
  {
    name: 'slugify',
    summary: 'make a name fit for a tag, a release or a namespace',
    load: async () => (await import('./slugify-command.ts')).slugifyCommand,
  },
  {
    name: 'doctor',
    summary: 'tell what this machine allows, and how to allow more',
    load: async () => (await import('./doctor-command.ts')).doctorCommand,
  },
  {
    name: 'host check',
    summary: 'the same as doctor',
    load: async () => (await import('./doctor-command.ts')).hostCheckCommand,
  },
  {
    name: 'completion',
    summary: 'print a script that completes commands and options in a shell',
    load: async () => (await import('./completion-command.ts')).completionCommand(loadAll),
  },
  {
    name: 'version',
    summary: 'print the version',
    load: async () => (await import('./version-command.ts')).versionCommand,
  },
];

function loadAll(): Promise<readonly Command[]> {
  return Promise.all(COMMANDS.map((entry) => entry.load()));
}

/** Commands that a later version brings. */
export const LATER: readonly string[] = [
  'host cleanup',
  'host purge',
  'cleanup',
  'purge',
  'compose config',
  'compose up',
  'compose run',
  'compose down',
  'includes update',
  'includes ls-files',
  'includes get-file',
  'docs',
];

/** First words of commands that deploy: other tools do that, from the build report. */
export const ELSEWHERE: readonly string[] = [
  'converge',
  'plan',
  'render',
  'lint',
  'dismiss',
  'rollback',
  'bundle',
  'helm',
  'kubectl',
  'chart',
  'kube-run',
];
