import { join } from 'node:path';
import { type OpenedProject, openProject } from '../../src/commands/open-project.ts';
import type { Session } from '../../src/commands/session.ts';
import { nativeDockerfileReader } from '../../src/dockerfile/native/native-dockerfile-reader.ts';
import { cliRepository } from '../../src/git/cli/cli-repository.ts';
import { openRepository } from '../../src/git/open-repository.ts';
import type { EngineClient } from '../../src/helper/engine-client.ts';
import { parsePlatform } from '../../src/oci/platform.ts';
import type { ProgressEvent } from '../../src/progress/events.ts';
import { nativeTemplates } from '../../src/templates/native/native-templates.ts';

export interface ReadOptions {
  readonly engine: EngineClient;
  readonly runDirectory: string;
  /** Absolute path of the project directory, inside a repository. */
  readonly directory: string;
  readonly project?: Partial<Session['project']>;
  readonly env?: Readonly<Record<string, string>>;
}

export interface ReadProject {
  readonly opened: OpenedProject;
  readonly events: readonly ProgressEvent[];
}

/** Reads a project as commands do: with the real git and the real engine. */
export async function readProject(options: ReadOptions): Promise<ReadProject> {
  const { engine, runDirectory, directory, env = {} } = options;
  const events: ProgressEvent[] = [];
  const platform = parsePlatform('linux/amd64');
  if (!platform) throw new Error('linux/amd64 is a platform');
  const opened = await openRepository({
    directory,
    workTree: null,
    adapter: async ({ root }) => cliRepository(root, process.env, join(runDirectory, 'submodules')),
  });
  const session = {
    project: {
      directory,
      workTree: null,
      config: null,
      templatesDirectory: '.werf',
      renderPath: null,
      environment: '',
      giterminismConfig: 'werf-giterminism.yaml',
      loose: false,
      dev: null,
      debugTemplates: false,
      allowIncludesUpdate: false,
      ...options.project,
    },
    host: { platform },
    env: { HOME: '/home/somebody', ...env },
    ports: {
      git: async () => opened,
      dockerfile: nativeDockerfileReader(engine, async () => runDirectory),
      templates: nativeTemplates(engine),
    },
    progress: { emit: (event: ProgressEvent) => void events.push(event) },
    signal: new AbortController().signal,
    // What is left out is not used to read a project.
  } as unknown as Session;
  try {
    return { opened: await openProject(session, { wholeStatus: false }), events };
  } finally {
    await opened.repository.close();
  }
}
