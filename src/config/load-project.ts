import { writeFile } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { PlatformChoice } from './parse-project.ts';
import type { Project } from './project.ts';
import type { ProjectOptions } from './project-options.ts';

/** The files that the configuration may be read from. Paths are relative to the project directory. */
export interface ConfigFiles {
  read(path: string): Promise<Buffer>;
  has(path: string): Promise<boolean>;
  /** Is it on the disk, committed or not? */
  onDisk(path: string): Promise<boolean>;
}

export interface LoadRequest {
  readonly files: ConfigFiles;
  readonly options: ProjectOptions;
  /** Replaces the project's name; null: not given. */
  readonly projectName: string | null;
  readonly platforms: PlatformChoice;
  /** A name to propose where the file has none. */
  readonly suggestedName: () => Promise<string>;
}

export interface LoadedProject {
  readonly project: Project;
  readonly warnings: readonly Problem[];
  /** The configuration as it was parsed. */
  readonly text: string;
  /** Path of its file, relative to the project directory. */
  readonly file: string;
}

const DEFAULT_NAMES = ['werf.yaml', 'werf.yml'];

/** @throws UserError when there is no configuration, it is not committed, or it has problems: all of them at once */
export async function loadProject(request: LoadRequest): Promise<LoadedProject> {
  const { files, options, projectName, platforms, suggestedName } = request;
  const file = await configFile(files, options);
  const text = (await readConfig(files, file)).toString('utf8');
  if (options.renderPath !== null) await writeFile(options.renderPath, text);
  const { parseProject } = await import('./parse-project.ts');
  refuseTemplates(text, file);
  const source = { text, file, renderedFile: file, lines: null, projectName, platforms };
  const outcome = await parseProject({ ...source, suggestedName: '' });
  if (outcome.ok) return { ...outcome, text, file };
  const missing = outcome.problems.some(({ code }) => code === 'CONFIG_META_MISSING');
  // Only then a name must be thought of, which asks git for its remotes.
  const told = missing ? await parseProject({ ...source, suggestedName: await suggestedName() }) : outcome;
  throw new UserError('CONFIG_INVALID', `unable to read werf config: ${file} is not valid`, {
    problems: told.ok ? [] : told.problems,
  });
}

async function configFile(files: ConfigFiles, { config, directory }: ProjectOptions): Promise<string> {
  if (config !== null) return isAbsolute(config) ? relative(directory, config) : config;
  for (const name of DEFAULT_NAMES) {
    if ((await files.has(name)) || (await files.onDisk(name))) return name;
  }
  throw new UserError(
    'CONFIG_NOT_FOUND',
    `unable to read werf config: ${DEFAULT_NAMES.join(' and ')} not found in ${directory}`,
    {
      hint: 'write a werf.yaml there and commit it, or name the project with --dir or the file with --config',
    },
  );
}

async function readConfig(files: ConfigFiles, file: string): Promise<Buffer> {
  try {
    return await files.read(file);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { code, hint } = error;
    const more = hint === undefined ? {} : { hint };
    throw new UserError(code, `unable to read werf config: ${error.message}`, { cause: error, ...more });
  }
}

/** Go templates are not rendered yet, and their actions are no YAML: better to say so than to guess. */
function refuseTemplates(text: string, file: string): void {
  const lines = text.split('\n');
  const index = lines.findIndex((content) => content.includes('{{'));
  const line = lines[index];
  if (line === undefined) return;
  throw new UserError('CONFIG_INVALID', `unable to read werf config: ${file} is not valid`, {
    problems: [
      {
        code: 'CONFIG_TEMPLATE',
        message: 'Go templates are not supported yet: found a template action',
        position: { file, line: index + 1, column: line.indexOf('{{') + 1 },
        hint: 'write plain YAML for now',
      },
    ],
  });
}
