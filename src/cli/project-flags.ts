import { list, text, textOr, toggle } from './flag.ts';

const section = 'project';

/** Where the project is and how its configuration is read. */
export const projectFlags = {
  dir: text('dir', 'DIR', {
    section,
    env: ['WERF_DIR'],
    summary: 'project directory',
    fallbackText: 'current directory',
  }),
  config: text('config', 'PATH', {
    section,
    env: ['WERF_CONFIG'],
    summary: 'configuration file, relative to the project directory',
    fallbackText: 'werf.yaml or werf.yml',
  }),
  configTemplatesDir: textOr('config-templates-dir', 'DIR', '.werf', {
    section,
    env: ['WERF_CONFIG_TEMPLATES_DIR'],
    summary: 'folder of the configuration templates (*.tmpl)',
  }),
  configRenderPath: text('config-render-path', 'PATH', {
    section,
    summary: 'keep the rendered configuration in this file',
    fallbackText: 'it is not kept',
  }),
  env: text('env', 'NAME', {
    section,
    env: ['WERF_ENV'],
    summary: 'name of the environment, `.Env` in templates',
  }),
  gitWorkTree: text('git-work-tree', 'DIR', {
    section,
    env: ['WERF_GIT_WORK_TREE', 'WERF_WORK_TREE'],
    summary: 'root of the git work tree',
    fallbackText: 'found upwards from the project directory',
  }),
  giterminismConfig: textOr('giterminism-config', 'PATH', 'werf-giterminism.yaml', {
    section,
    env: ['WERF_GITERMINISM_CONFIG'],
    summary: 'file with what is permitted beside the commit',
  }),
  looseGiterminism: toggle('loose-giterminism', {
    section,
    env: ['WERF_LOOSE_GITERMINISM'],
    summary: 'ask for no permissions and read the configuration from the disk',
  }),
  dev: toggle('dev', {
    section,
    env: ['WERF_DEV'],
    summary: 'build the present state of the work tree as if it were committed',
  }),
  devBranch: textOr('dev-branch', 'NAME', '_werf-dev', {
    section,
    env: ['WERF_DEV_BRANCH'],
    summary: 'service branch that --dev commits to',
  }),
  devIgnore: list('dev-ignore', 'GLOB', {
    section,
    env: ['WERF_DEV_IGNORE_*'],
    summary: 'files that --dev leaves out',
  }),
  debugTemplates: toggle('debug-templates', {
    section,
    env: ['WERF_DEBUG_TEMPLATES'],
    summary: 'let the debug functions of templates print',
  }),
  allowIncludesUpdate: toggle('allow-includes-update', {
    section,
    env: ['WERF_ALLOW_INCLUDES_UPDATE'],
    summary: 'use the newest includes instead of the locked ones',
    status: 'unsupported',
  }),
} as const;
