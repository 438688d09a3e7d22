import { resolve } from 'node:path';
import type { ProjectOptions } from '../config/project-options.ts';
import type { FlagValues } from './flag.ts';
import type { projectFlags } from './project-flags.ts';

/** @param cwd absolute; what paths on the command line are relative to */
export function projectOptionsOf(flags: FlagValues<typeof projectFlags>, cwd: string): ProjectOptions {
  const absolute = (path: string | null) => (path === null || path === '' ? null : resolve(cwd, path));
  return {
    directory: resolve(cwd, flags.dir ?? ''),
    workTree: absolute(flags.gitWorkTree),
    config: flags.config === '' ? null : flags.config,
    templatesDirectory: flags.configTemplatesDir,
    renderPath: absolute(flags.configRenderPath),
    environment: flags.env ?? '',
    giterminismConfig: flags.giterminismConfig,
    loose: flags.looseGiterminism,
    dev: flags.dev ? { branch: flags.devBranch, ignore: flags.devIgnore } : null,
    debugTemplates: flags.debugTemplates,
    allowIncludesUpdate: flags.allowIncludesUpdate,
  };
}
