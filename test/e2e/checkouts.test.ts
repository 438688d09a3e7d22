import { execFileSync } from 'node:child_process';
import { readFile, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder } from './support/builder.ts';
import { config, makeProject } from './support/project.ts';

/** Nothing of the user's settings makes git trust other people's repositories. */
const DISTRUSTFUL = { GIT_CONFIG_COUNT: '0' };
/** A directory without programs: there is no git. */
const WITHOUT_GIT = { PATH: '/var/empty' };

let user: Builder;
let root: Builder;
beforeAll(async () => {
  user = await makeBuilder({ user: 'single' });
  root = await makeBuilder();
});
afterAll(async () => {
  await user.remove();
  await root.remove();
});

/** A project of root's that needs no RUN. Its index is out of date about a file: git would write it anew. */
async function checkout(): Promise<Fixture> {
  const project = await makeProject({
    'werf.yaml': config(),
    Dockerfile: 'FROM scratch\nCOPY text /\n',
    text: 'content',
  });
  await utimes(join(project.root, 'text'), 1_600_000_000, 1_600_000_000);
  return project;
}

const indexOf = (project: Fixture) => join(project.root, '.git', 'index');

describe('a checkout of another user', () => {
  it('that git refuses to read is told with the line that permits it', async () => {
    const project = await checkout();
    const { exitCode, stderr } = await user.run(['build'], { cwd: project.root, env: DISTRUSTFUL });
    await project.remove();
    expect(stderr).toContain(`Error: ${project.root} belongs to another user, so git refuses to read it`);
    expect(stderr).toContain(`Hint: git config --global --add safe.directory '${project.root}'`);
    expect(exitCode).toBe(1);
  });

  it('is built without git, and nothing is written there', async () => {
    const project = await checkout();
    const index = await readFile(indexOf(project));
    const { exitCode, stderr } = await user.run(['build'], { cwd: project.root, env: WITHOUT_GIT });
    expect(stderr).not.toMatch(/EACCES|EROFS|Error/);
    expect(exitCode).toBe(0);
    expect(await readFile(indexOf(project))).toEqual(index);
    await project.remove();
  });
});

describe('a read-only checkout', () => {
  it.each([
    ['without git', WITHOUT_GIT],
    ['with git', {}],
  ])('is built %s', async (_, env) => {
    const project = await checkout();
    execFileSync('mount', ['--bind', project.root, project.root]);
    try {
      execFileSync('mount', ['-o', 'remount,bind,ro', project.root]);
      const before = await stat(indexOf(project));
      const { exitCode, stdout, stderr } = await root.run(['build'], { cwd: project.root, env });
      expect(stdout + stderr).not.toMatch(/EROFS|Error/);
      expect(exitCode).toBe(0);
      expect((await stat(indexOf(project))).mtimeMs).toBe(before.mtimeMs);
    } finally {
      execFileSync('umount', [project.root]);
      await project.remove();
    }
  });
});
