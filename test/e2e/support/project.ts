import { execFileSync } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { type Fixture, gitFixture } from '../../git/git-fixture.ts';

/** A committed project in a directory that every user can read. @param files beside those given, none */
export async function makeProject(files: Readonly<Record<string, string>>): Promise<Fixture> {
  const project = await gitFixture();
  await chmod(project.root, 0o755);
  await project.write(files);
  await project.commit('first');
  return project;
}

/** Another clone of the same commit. */
export async function cloneOf(project: Fixture): Promise<Fixture> {
  const clone = await gitFixture();
  await chmod(clone.root, 0o755);
  execFileSync('git', ['pull', '--quiet', project.root, 'main'], { cwd: clone.root });
  return clone;
}

/** werf.yaml of one image `app`. @param lines further fields */
export function config(...lines: readonly string[]): string {
  return [
    'project: demo',
    'configVersion: 1',
    '---',
    'image: app',
    'dockerfile: Dockerfile',
    ...lines,
    '',
  ].join('\n');
}
