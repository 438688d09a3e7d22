import { execFileSync } from 'node:child_process';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ciEnvRequestOf } from '../../src/cli/ci-env-command.ts';
import { ciText } from '../../src/commands/ci-text.ts';
import { type CiBlock, type CiSystem, ciLogin, ciVariables } from '../../src/commands/ci-variables.ts';

const facts = { dockerConfig: '/tmp/copy', project: 'demo' };

function variables(system: CiSystem, env: Record<string, string>, project: string | null = 'demo') {
  const all = ciVariables(system, env, { ...facts, project }).flatMap((block) => block.variables);
  return Object.fromEntries(all.map(({ name, value, state }) => [name, state === 'set' ? value : state]));
}

describe('variables of GitLab CI', () => {
  it('name the registry only where the repository lies in it', () => {
    const kind = (env: Record<string, string>) => variables('gitlab', env)['WERF_REPO_CONTAINER_REGISTRY'];
    const CI_REGISTRY = 'registry.example.com';
    expect(kind({ CI_REGISTRY, CI_REGISTRY_IMAGE: 'registry.example.com/a' })).toBe('gitlab');
    expect(kind({ CI_REGISTRY, CI_REGISTRY_IMAGE: 'registry.example.com.evil/a' })).toBe('empty');
    expect(kind({ CI_REGISTRY, WERF_REPO: 'ghcr.io/a', CI_REGISTRY_IMAGE: 'registry.example.com/a' })).toBe(
      'empty',
    );
    expect(kind({ CI_REGISTRY_IMAGE: 'registry.example.com/a' })).toBe('empty');
  });

  it('beat what is set only for the docker configuration and for annotations', () => {
    const env = {
      DOCKER_CONFIG: '/mine',
      WERF_DOCKER_CONFIG: '/mine',
      WERF_REPO: 'mine',
      WERF_ADD_ANNOTATION_CI_COMMIT: 'mine',
      CI_COMMIT_SHA: 'c0ffee',
      CI_COMMIT_TAG: 'v1',
      TRDL_USE_WERF_GROUP_CHANNEL: '2 stable',
      WERF_LOG_TERMINAL_WIDTH: '80',
    };
    expect(variables('gitlab', env)).toMatchObject({
      DOCKER_CONFIG: '/tmp/copy',
      WERF_DOCKER_CONFIG: '/tmp/copy',
      WERF_REPO: 'kept',
      WERF_ADD_ANNOTATION_CI_COMMIT: 'ci.werf.io/commit=c0ffee',
      WERF_ADD_ANNOTATION_CI_GIT_TAG: 'ci.werf.io/tag=v1',
      WERF_ADD_ANNOTATION_WERF_RELEASE_CHANNEL: 'werf.io/release-channel=2 stable',
      WERF_ADD_ANNOTATION_PROJECT_GIT: 'empty',
      WERF_ENV: 'empty',
      WERF_LOG_TERMINAL_WIDTH: 'kept',
    });
  });
});

describe('variables of GitHub Actions', () => {
  const env = { GITHUB_REPOSITORY: 'Me/It', GITHUB_REF_NAME: 'main', GITHUB_REF_TYPE: 'branch' };

  it('name a repository in lower case, where there is a project', () => {
    expect(variables('github', env)['WERF_REPO']).toBe('ghcr.io/me/it/demo');
    expect(variables('github', env, null)['WERF_REPO']).toBe('empty');
    expect(variables('github', {})['WERF_REPO']).toBe('empty');
  });

  it('have a tag only in jobs of tags', () => {
    expect(variables('github', env)['WERF_ADD_ANNOTATION_CI_GIT_TAG']).toBe('empty');
    expect(variables('github', {})['WERF_ADD_ANNOTATION_GITHUB_ACTIONS_RUN_URL']).toBe('empty');
  });
});

describe('the login of a job', () => {
  it('is that of its token', () => {
    expect(ciLogin('gitlab', { CI_REGISTRY_IMAGE: 'r.example.com/a', CI_JOB_TOKEN: 't' })).toEqual({
      address: 'r.example.com/a',
      username: 'gitlab-ci-token',
      password: 't',
    });
    const env = { GITHUB_ACTOR: 'me', GITHUB_TOKEN: 't' };
    expect(ciLogin('github', env)).toEqual({ address: 'ghcr.io', username: 'me', password: 't' });
    expect(ciLogin('github', { ...env, WERF_REPO: 'docker.pkg.github.com/me/it' })?.address).toBe(
      'docker.pkg.github.com',
    );
  });

  it('is missing where a part of it is', () => {
    expect(ciLogin('gitlab', { CI_REGISTRY_IMAGE: 'r.example.com/a' })).toBeNull();
    expect(ciLogin('gitlab', { CI_JOB_TOKEN: 't' })).toBeNull();
    expect(ciLogin('github', { GITHUB_TOKEN: 't' })).toBeNull();
  });
});

describe('lines', () => {
  const value = `it's "100%" \\ $(a) \`b\` $HOME; # ü`;
  const blocks: readonly CiBlock[] = [
    {
      title: 'one',
      variables: [
        { name: 'A', value, state: 'set' },
        { name: 'B', value: 'secret', state: 'kept' },
        { name: 'C', value: '', state: 'empty' },
        { name: 'D', value: 'two\nlines', state: 'set' },
      ],
    },
    { title: 'two', variables: [{ name: 'E', value: 'a b', state: 'set' }] },
  ];

  it('export values literally in a POSIX shell', () => {
    const script = `${ciText(blocks, 'default')}\nprintf '%s|%s|%s|%s|%s' "$A" "$B" "$C" "$D" "$E"`;
    expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(`${value}|||two lines|a b`);
    expect(script).not.toContain('secret');
    expect(script).toContain('# ## two\n');
  });

  it('are .env files as Node.js reads them, where quotes can be', () => {
    const plain = blocks.flatMap((block) => block.variables).filter(({ name }) => name !== 'A');
    const text = ciText(
      [{ title: 'all', variables: [...plain, { name: 'F', value: '$a # b', state: 'set' }] }],
      'dotenv',
    );
    expect(parseEnv(text)).toEqual({ D: 'two lines', E: 'a b', F: '$a # b' });
  });

  it('are those of cmd.exe and of PowerShell', () => {
    const cmd = ciText(blocks, 'cmdexe').split('\r\n');
    expect(cmd).toContain(`set "A=${value.replace('%', '%%')}"`);
    expect(cmd).toContain('REM B is skipped: it is set already');
    const powershell = ciText(blocks, 'powershell').split('\n');
    expect(powershell).toContain(`$Env:A = '${value.replace("'", "''")}'`);
    expect(powershell).toContain("# $Env:C = ''");
  });
});

describe('the request', () => {
  const flags = {
    asFile: false,
    asEnvFile: false,
    outputFilePath: null,
    shell: 'default',
    loginToRegistry: true,
    useDockerAuthConfig: false,
  } as const;
  const request = (changes: object, positionals = ['gitlab']) =>
    ciEnvRequestOf({ flags: { ...flags, ...changes } as never, positionals, cwd: '/work' });

  it('prints, or writes a file of the form that is asked for', () => {
    expect(request({})).toMatchObject({ system: 'gitlab', reader: 'default', file: 'none', login: true });
    expect(request({ asFile: true, shell: 'powershell' })).toMatchObject({
      reader: 'powershell',
      file: 'fresh',
    });
    expect(request({ asEnvFile: true })).toMatchObject({ reader: 'dotenv', file: 'fresh' });
    expect(request({ outputFilePath: 'a/b' })).toMatchObject({
      reader: 'default',
      file: { path: '/work/a/b' },
    });
    expect(() => request({}, ['jenkins'])).toThrow('does not know the CI system "jenkins"');
  });
});
