import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder } from './support/builder.ts';
import { makeProject } from './support/project.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';

const LOGIN = { user: 'gitlab-ci-token', password: 'token-of-the-job' };

let registry: TestRegistry;
let builder: Builder;
let project: Fixture;
let temporary: string;

beforeAll(async () => {
  registry = await startRegistry({ login: LOGIN, empty: true });
  builder = await makeBuilder();
  project = await makeProject({ 'werf.yaml': 'project: demo\nconfigVersion: 1\n' });
  temporary = join(builder.home, 'tmp');
  await mkdir(join(builder.home, '.docker', 'contexts'), { recursive: true });
  await writeFile(
    join(builder.home, '.docker', 'config.json'),
    '{"auths":{"other.example.com":{"auth":"eDp5"}}}',
  );
  await writeFile(join(builder.home, '.docker', 'contexts', 'meta.json'), 'beside');
});
afterAll(async () => {
  await builder.remove();
  await project.remove();
  await registry.stop();
});

/** A job of GitLab CI. */
const gitlab = (): Record<string, string> => ({
  CI_REGISTRY: registry.host,
  CI_REGISTRY_IMAGE: `${registry.host}/group/project`,
  CI_JOB_TOKEN: LOGIN.password,
  CI_ENVIRONMENT_SLUG: 'production',
  CI_PROJECT_URL: 'https://gitlab.example.com/group/project',
  CI_COMMIT_SHA: 'c0ffee',
  CI_PIPELINE_URL: 'https://gitlab.example.com/group/project/-/pipelines/1',
  CI_JOB_URL: "https://gitlab.example.com/it's/$(a)/job",
});

const ciEnv = (args: readonly string[], env: Record<string, string>) =>
  builder.run(['ci-env', ...args, '--tmp-dir', temporary], { cwd: project.root, env });

/** What a shell has after it has read a script. */
function sourced(script: string, env: Record<string, string> = {}): Record<string, string> {
  const text = execFileSync('env', ['-i', 'sh', '-c', '. "$0"; /usr/bin/env -0', script], {
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin', ...env },
  });
  return Object.fromEntries(
    text
      .split('\0')
      .filter((line) => /^(?:WERF|DOCKER)_/.test(line))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

describe('ci-env gitlab', () => {
  it('prints a script for the job, and logs in to a copy of the docker configuration', async () => {
    const outcome = await ciEnv(['gitlab', '--as-file'], gitlab());
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    const file = outcome.stdout.trimEnd();
    expect(dirname(file)).toBe(join(builder.home, 'werf', 'service', 'tmp', 'ci_env'));
    expect(file).toMatch(/\/source_[0-9]+_[0-9a-f]+$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const { DOCKER_CONFIG: copy = '', ...variables } = sourced(file);
    expect(copy).toMatch(new RegExp(`^${temporary}/werf-[a-z-]+-docker-config-[0-9]+$`));
    expect(variables).toEqual({
      WERF_DOCKER_CONFIG: copy,
      WERF_REPO: `${registry.host}/group/project`,
      WERF_REPO_CONTAINER_REGISTRY: 'gitlab',
      WERF_ENV: 'production',
      WERF_ADD_ANNOTATION_PROJECT_GIT: 'project.werf.io/git=https://gitlab.example.com/group/project',
      WERF_ADD_ANNOTATION_CI_COMMIT: 'ci.werf.io/commit=c0ffee',
      WERF_ADD_ANNOTATION_GITLAB_CI_PIPELINE_URL:
        'gitlab.ci.werf.io/pipeline-url=https://gitlab.example.com/group/project/-/pipelines/1',
      WERF_ADD_ANNOTATION_GITLAB_CI_JOB_URL:
        "gitlab.ci.werf.io/job-url=https://gitlab.example.com/it's/$(a)/job",
      WERF_LOG_COLOR_MODE: 'on',
      WERF_LOG_PROJECT_DIR: '1',
      WERF_ENABLE_PROCESS_EXTERMINATOR: '1',
      WERF_LOG_TERMINAL_WIDTH: '130',
    });
    const { auths } = JSON.parse(await readFile(join(copy, 'config.json'), 'utf8'));
    const auth = Buffer.from(`${LOGIN.user}:${LOGIN.password}`).toString('base64');
    expect(auths).toEqual({ 'other.example.com': { auth: 'eDp5' }, [registry.host]: { auth } });
    expect((await stat(copy)).mode & 0o777).toBe(0o700);
    expect(await readFile(join(copy, 'contexts', 'meta.json'), 'utf8')).toBe('beside');
    const own = await readFile(join(builder.home, '.docker', 'config.json'), 'utf8');
    expect(own).not.toContain(registry.host);
  });

  it('keeps variables that are set, and says so', async () => {
    const env = {
      ...gitlab(),
      WERF_REPO: 'other.example.com/p',
      WERF_ENV: 'mine',
      WERF_LOG_COLOR_MODE: 'off',
    };
    const { stdout } = await ciEnv(['gitlab'], env);
    expect(stdout).toContain('# WERF_REPO is skipped: it is set already\n');
    expect(stdout).toContain('# WERF_ENV is skipped: it is set already\n');
    expect(stdout).toContain('# WERF_LOG_COLOR_MODE is skipped: it is set already\n');
    expect(stdout).toContain("# export WERF_REPO_CONTAINER_REGISTRY=''\n");
    expect(stdout).toContain("# export WERF_ADD_ANNOTATION_CI_GIT_TAG=''\n");
    expect(stdout).not.toContain('other.example.com/p');
  });

  it('writes files that readers of .env files understand', async () => {
    const file = join(builder.home, 'out', 'job.env');
    const outcome = await ciEnv(['gitlab', '--as-env-file', '-o', file], gitlab());
    expect(outcome).toMatchObject({ exitCode: 0, stdout: `${file}\n`, stderr: '' });
    const text = await readFile(file, 'utf8');
    expect(parseEnv(text)).toMatchObject({
      WERF_REPO: `${registry.host}/group/project`,
      WERF_ADD_ANNOTATION_CI_COMMIT: 'ci.werf.io/commit=c0ffee',
      WERF_LOG_TERMINAL_WIDTH: '130',
    });
    expect(text).toContain('# ## annotations\n');
    expect(text).not.toContain(LOGIN.password);
  });

  it('makes config.json of DOCKER_AUTH_CONFIG', async () => {
    const DOCKER_AUTH_CONFIG = '{"auths":{"third.example.com":{"auth":"eDp5"}}}';
    const file = join(builder.home, 'third.sh');
    const args = ['gitlab', '--use-docker-auth-config', '--login-to-registry=false', '-o', file];
    expect(await ciEnv(args, { ...gitlab(), DOCKER_AUTH_CONFIG })).toMatchObject({ exitCode: 0 });
    const { DOCKER_CONFIG: copy = '' } = sourced(file);
    expect(await readFile(join(copy, 'config.json'), 'utf8')).toBe(DOCKER_AUTH_CONFIG);
    expect(await readdir(copy)).toEqual(['config.json']);
    const without = await ciEnv(args, gitlab());
    expect(without.exitCode).toBe(1);
    expect(without.stderr).toContain('DOCKER_AUTH_CONFIG is not set');
    const odd = await ciEnv(args, { ...gitlab(), DOCKER_AUTH_CONFIG: '{"secret-text' });
    expect(odd.stderr).toContain('does not hold a JSON object');
    expect(odd.stderr).not.toContain('secret-text');
  });

  it('fails where the registry does not accept the token', async () => {
    const outcome = await ciEnv(['gitlab'], { ...gitlab(), CI_JOB_TOKEN: 'expired-token' });
    expect([outcome.exitCode, outcome.stdout]).toEqual([1, '']);
    expect(outcome.stderr).toContain(`${registry.host} does not accept the user "gitlab-ci-token"`);
    expect(outcome.stderr).not.toContain('expired-token');
  });

  it('leaves later commands access', async () => {
    const file = join(builder.home, 'later.sh');
    await ciEnv(['gitlab', '-o', file], gitlab());
    const env = sourced(file);
    const added = await builder.run(['managed-images', 'add', 'app'], { cwd: project.root, env });
    expect(added).toMatchObject({ exitCode: 0, stderr: '' });
    expect(registry.tags('group/project')).toEqual(['managed-image-app']);
  });
});

describe('ci-env github', () => {
  it('names a repository for the project of werf.yaml', async () => {
    const env = {
      GITHUB_REPOSITORY: 'Owner/Repository',
      GITHUB_SHA: 'c0ffee',
      GITHUB_REF_TYPE: 'tag',
      GITHUB_REF_NAME: 'v1.0',
      GITHUB_RUN_ID: '7',
      // Without an actor there is nobody to log in.
      GITHUB_TOKEN: 'token-of-github',
    };
    const file = join(builder.home, 'github.sh');
    expect(await ciEnv(['github', '-o', file], env)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(sourced(file)).toMatchObject({
      WERF_REPO: 'ghcr.io/owner/repository/demo',
      WERF_REPO_GITHUB_TOKEN: 'token-of-github',
      WERF_ADD_ANNOTATION_PROJECT_GIT: 'project.werf.io/git=https://github.com/Owner/Repository',
      WERF_ADD_ANNOTATION_CI_GIT_TAG: 'ci.werf.io/tag=v1.0',
      WERF_ADD_ANNOTATION_GITHUB_ACTIONS_RUN_URL:
        'github.ci.werf.io/workflow-run-url=https://github.com/Owner/Repository/actions/runs/7',
    });
    const elsewhere = await builder.run(['ci-env', 'github', '--tmp-dir', temporary], {
      cwd: builder.home,
      env,
    });
    expect(elsewhere).toMatchObject({ exitCode: 0, stderr: '' });
    expect(elsewhere.stdout).toContain("# export WERF_REPO=''\n");
  });
});

it('says what it does not know', async () => {
  expect((await ciEnv([], {})).stderr).toContain('give one of gitlab, github');
  expect((await ciEnv(['gitlub'], {})).stderr).toMatch(
    /CI system "gitlub"[\s\S]*did you mean git(?:lab|hub)\?/,
  );
  expect((await ciEnv(['gitlab', '--as-file', '--as-env-file'], {})).stderr).toContain('give one of them');
});
