import { afterAll, beforeAll } from 'vitest';
import type { Fixture } from '../../git/git-fixture.ts';
import { makeProject } from './project.ts';
import { startRegistry, type TestRegistry } from './registry.ts';

/** What the tests of a file share; everything is removed when they have ended. */
export interface Suite {
  /** With the base images. */
  readonly registry: TestRegistry;
  /** A committed project of these files. */
  projectOf(files: Readonly<Record<string, string>>): Promise<Fixture>;
  /** Has the project removed at the end. */
  keep(project: Fixture): void;
  /** An address that no other test has. */
  freshRepository(): string;
  /** Reference of the base image. */
  busybox(): string;
}

/** @param name of the file's repositories */
export function suite(name: string): Suite {
  let registry: TestRegistry | undefined;
  const projects: Fixture[] = [];
  let repositories = 0;
  const started = () => {
    if (!registry) throw new Error('the registry is started before the tests, not before they are read');
    return registry;
  };
  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(async () => {
    await registry?.stop();
    for (const project of projects) await project.remove();
  });
  return {
    get registry() {
      return started();
    },
    async projectOf(files) {
      const project = await makeProject(files);
      projects.push(project);
      return project;
    },
    keep: (project) => projects.push(project),
    freshRepository: () => `${started().host}/${name}-${++repositories}`,
    busybox: () => `${started().host}/busybox:latest`,
  };
}
