import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Fixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder } from './support/builder.ts';
import { makeProject } from './support/project.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';

const LOGIN = { user: 'robot', password: 'a-password' };

let registry: TestRegistry;
let builder: Builder;
let project: Fixture;
let repo: string;
let tests = 0;

beforeAll(async () => {
  registry = await startRegistry({ login: LOGIN, empty: true });
  builder = await makeBuilder();
  project = await makeProject({ 'werf.yaml': 'project: demo\nconfigVersion: 1\n' });
  const env = { WERF_PASSWORD: LOGIN.password };
  const args = ['cr', 'login', registry.host, '-u', LOGIN.user];
  expect(await builder.run(args, { cwd: project.root, env })).toMatchObject({ exitCode: 0 });
});
afterAll(async () => {
  await builder.remove();
  await project.remove();
  await registry.stop();
});
beforeEach(() => {
  repo = `${registry.host}/stages-${tests++}`;
});

const slipway = (verb: string, ...args: string[]) =>
  builder.run(['managed-images', verb, ...args, '--repo', repo], { cwd: project.root });
const names = async () => (await slipway('ls')).stdout;

it('lists nothing where nothing is recorded', async () => {
  expect(await slipway('ls')).toEqual({ exitCode: 0, stdout: '', stderr: '' });
});

it('records names, the nameless one too, and lists them', async () => {
  for (const name of ['web/app', 'app', '~', 'a b+c']) {
    const added = await slipway('add', name);
    expect(added).toMatchObject({ exitCode: 0, stderr: '' });
    expect(added.stdout).toContain(`Image "${name}" is recorded\n`);
  }
  expect(await names()).toBe('~\na b+c\napp\nweb/app\n');
  expect(registry.tags(repo.slice(registry.host.length + 1))).toContain('managed-image-web__slash__app');
  expect((await slipway('add', 'app')).stdout).toContain('Image "app" was recorded already\n');
});

it('removes one name and leaves all others', async () => {
  for (const name of ['one', 'two', 'three']) await slipway('add', name);
  const removed = await slipway('rm', 'two');
  expect(removed).toMatchObject({ exitCode: 0, stderr: '' });
  expect(removed.stdout).toContain('Image "two" is not recorded any more\n');
  expect(await names()).toBe('one\nthree\n');
  const again = await slipway('rm', 'two');
  expect(again.exitCode).toBe(1);
  expect(again.stderr).toContain('the repository has no record of an image "two"');
});

it('says what is missing, and what is no name', async () => {
  const local = await builder.run(['managed-images', 'ls'], { cwd: project.root });
  expect([local.exitCode, local.stdout]).toEqual([1, '']);
  expect(local.stderr).toContain('--repo is missing');
  expect((await slipway('add')).stderr).toContain('managed-images add needs the NAME of an image');
  expect((await slipway('add', 'app-*')).stderr).toContain('"app-*" is not the name of an image');
});
