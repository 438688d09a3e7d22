import { integer, list, text, textOr, toggle } from './flag.ts';

const section = 'build';

/** How images are built. */
export const buildFlags = {
  parallel: toggle('parallel', {
    section,
    short: 'p',
    env: ['WERF_PARALLEL'],
    fallback: true,
    summary: 'build several images at the same time',
  }),
  parallelTasksLimit: integer('parallel-tasks-limit', 5, {
    section,
    env: ['WERF_PARALLEL_TASKS_LIMIT'],
    least: -1,
    summary: 'at most so many images at the same time; -1: no limit',
  }),
  backendNetwork: text('backend-network', 'NETWORK', {
    section,
    env: ['WERF_BACKEND_NETWORK'],
    summary: 'network of the commands that run: default, host or none; beats `network` of images',
  }),
  sshKey: list('ssh-key', 'PATH', {
    section,
    env: ['WERF_SSH_KEY_*'],
    summary: 'keys for git over ssh',
    status: 'unsupported',
  }),
  virtualMerge: toggle('virtual-merge', {
    section,
    env: ['WERF_VIRTUAL_MERGE'],
    summary: 'HEAD is a merge that exists only in CI',
    status: 'unsupported',
  }),
  introspectError: toggle('introspect-error', {
    section,
    summary: 'open a shell in the container after a failed command, in what it left; one image at a time',
  }),
  introspectBeforeError: toggle('introspect-before-error', {
    section,
    summary: 'open a shell in the container after a failed command, in what was there before it',
  }),
  introspectStage: list('introspect-stage', 'IMAGE/STAGE', {
    section,
    summary: 'open a shell in the container of a stage; of every image: STAGE or */STAGE',
  }),
  saveBuildReport: toggle('save-build-report', {
    section,
    env: ['WERF_SAVE_BUILD_REPORT'],
    summary: 'write a report of what was built',
  }),
  buildReportPath: textOr('build-report-path', 'PATH', '.werf-build-report.json', {
    section,
    env: ['WERF_BUILD_REPORT_PATH'],
    summary: 'file of the report: .json or .env',
  }),
  useBuildReport: toggle('use-build-report', {
    section,
    env: ['WERF_USE_BUILD_REPORT'],
    summary: 'take the images from a report instead of building them',
  }),
  requireBuiltImages: toggle('require-built-images', {
    section,
    short: 'Z',
    env: ['WERF_REQUIRE_BUILT_IMAGES'],
    summary: 'build nothing: stages that are missing are an error',
  }),
  follow: toggle('follow', {
    section,
    env: ['WERF_FOLLOW'],
    summary:
      'go on: run again whenever there is another commit, or with --dev another state of the work tree',
  }),
} as const;
