import { writeFile } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { ProjectFiles } from '../giterminism/project-files.ts';
import { reading } from '../giterminism/refusals.ts';
import type { PlatformChoice } from './parse-project.ts';
import type { Project } from './project.ts';
import type { ProjectOptions } from './project-options.ts';
import type { RenderOutcome } from './render-config.ts';

export interface LoadRequest {
  readonly files: ProjectFiles;
  readonly options: ProjectOptions;
  /** Renders the text of the configuration. */
  readonly render: (text: string, file: string) => Promise<RenderOutcome>;
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
  const written = (await readConfig(files, file)).toString('utf8');
  const rendered = await renderText(request, written, file);
  if (!rendered.ok) throw invalid(file, rendered.problems);
  const { text, lines } = rendered;
  if (options.renderPath !== null) await writeFile(options.renderPath, text);
  const { parseProject } = await import('./parse-project.ts');
  const renderedFile = lines === null ? file : (options.renderPath ?? 'rendered configuration');
  const source = { text, file, renderedFile, lines, projectName, platforms };
  const outcome = await parseProject({ ...source, suggestedName: '' });
  if (outcome.ok) return { ...outcome, warnings: [...rendered.warnings, ...outcome.warnings], text, file };
  const missing = outcome.problems.some(({ code }) => code === 'CONFIG_META_MISSING');
  // Only then a name must be thought of, which asks git for its remotes.
  const told = missing ? await parseProject({ ...source, suggestedName: await suggestedName() }) : outcome;
  throw invalid(file, told.ok ? [] : told.problems);
}

function invalid(file: string, problems: readonly Problem[]): UserError {
  return new UserError('CONFIG_INVALID', `unable to read werf config: ${file} is not valid`, { problems });
}

async function configFile(files: ProjectFiles, { config, directory }: ProjectOptions): Promise<string> {
  if (config !== null) return isAbsolute(config) ? relative(directory, config) : config;
  for (const name of DEFAULT_NAMES) {
    if ((await files.has(name, 'config')) || (await files.onDisk(name))) return name;
  }
  throw new UserError(
    'CONFIG_NOT_FOUND',
    `unable to read werf config: ${DEFAULT_NAMES.join(' and ')} not found in ${directory}`,
    {
      hint: 'write a werf.yaml there and commit it, or name the project with --dir or the file with --config',
    },
  );
}

async function readConfig(files: ProjectFiles, file: string): Promise<Buffer> {
  try {
    return await files.read(file, 'config');
  } catch (error) {
    throw reading('werf config', error);
  }
}

async function renderText({ render }: LoadRequest, text: string, file: string): Promise<RenderOutcome> {
  try {
    return await render(text, file);
  } catch (error) {
    throw reading('werf config templates', error);
  }
}
