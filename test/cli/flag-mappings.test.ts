import { describe, expect, it } from 'vitest';
import { buildCommand, buildRequestOf } from '../../src/cli/build-command.ts';
import { logFlags, quietLogFlags } from '../../src/cli/log-flags.ts';
import { logSettingsOf } from '../../src/cli/log-settings-of.ts';
import { projectFlags } from '../../src/cli/project-flags.ts';
import { projectOptionsOf } from '../../src/cli/project-options-of.ts';
import { readInput } from '../../src/cli/read-input.ts';
import { reportFormat } from '../../src/cli/report-options-of.ts';
import { resolveFlags } from '../../src/cli/resolve-flags.ts';
import { secretsOf } from '../../src/cli/secret-variables.ts';
import { fakeOutput } from '../ui/fake-output.ts';
import { fakeView } from './fake-view.ts';

describe('a build request', () => {
  const request = (args: readonly string[], env: Record<string, string> = {}) => {
    const { input } = readInput(buildCommand, args, fakeView(args, { env, cwd: '/work' }));
    return buildRequestOf(input as Parameters<typeof buildRequestOf>[0], env);
  };

  it('has these defaults', () => {
    expect(request([])).toEqual({
      images: [],
      finalImagesOnly: false,
      storage: { primary: null, caches: [], secondaries: [], final: null },
      offline: false,
      platforms: [],
      ownPlatformOnly: false,
      network: null,
      limit: 5,
      requireBuilt: false,
      customTags: [],
      report: {
        save: false,
        use: false,
        path: '/work/.werf-build-report.json',
        format: 'json',
        byPlatform: false,
      },
      introspection: { onError: false, beforeError: false, stages: [] },
    });
  });

  it('knows how many images are built at the same time', () => {
    expect(request(['--parallel-tasks-limit=-1']).limit).toBeNull();
    expect(request(['--parallel=false']).limit).toBe(1);
    expect(request([], { WERF_PARALLEL_TASKS_LIMIT: '2' }).limit).toBe(2);
    expect(() => request(['--parallel-tasks-limit', '0'])).toThrow('nothing could be built');
  });

  it('says where shells are wanted, and builds one image at a time then', () => {
    const args = [
      '--introspect-error',
      '--introspect-before-error',
      '--introspect-stage=web/app/importsAfterInstall',
    ];
    expect(
      request([...args, '--introspect-stage', 'setup', '--introspect-stage', '*/install']),
    ).toMatchObject({
      limit: 1,
      introspection: {
        onError: true,
        beforeError: true,
        stages: [
          { image: 'web/app', stage: 'dependenciesAfterInstall' },
          { image: '*', stage: 'setup' },
          { image: '*', stage: 'install' },
        ],
      },
    });
    expect(() => request(['--introspect-stage', 'app/instal'])).toThrow('there is no stage "instal"');
    expect(() => request(['--introspect-stage', '/install'])).toThrow('the name of the image is missing');
  });

  it('keeps images here without a repository, and with :local', () => {
    expect(request(['--repo', ':local']).storage.primary).toBeNull();
    expect(request([], { WERF_REPO: 'localhost:5000/p' }).storage.primary).toBe('localhost:5000/p');
  });

  it('requires built images by any of the two options', () => {
    expect(request(['-Z']).requireBuilt).toBe(true);
    expect(request(['--check-built-images']).requireBuilt).toBe(true);
  });

  it('takes the networks that there are', () => {
    expect(request(['--backend-network', 'none']).network).toBe('none');
    expect(() => request(['--backend-network', 'bridge'])).toThrow('none of default, host, none');
  });

  it('lists by platform when asked to', () => {
    expect(request([], { WERF_ENABLE_REPORT_BY_PLATFORM: '1' }).report.byPlatform).toBe(true);
  });
});

describe('the form of a report', () => {
  it('is told by the end of its path', () => {
    expect(
      ['r.json', 'r', '.werf-build-report', 'a.b/r', 'r.env', '.env', 'a/.env'].map(reportFormat),
    ).toEqual(['json', 'json', 'json', 'json', 'env', 'env', 'env']);
    expect(() => reportFormat('r.yaml')).toThrow('".yaml"');
  });
});

describe('project options', () => {
  const options = (env: Record<string, string>) =>
    projectOptionsOf(resolveFlags(projectFlags, new Map(), env).values, '/work');

  it('are absolute where they name places of this machine', () => {
    expect(options({})).toMatchObject({
      directory: '/work',
      workTree: null,
      config: null,
      dev: null,
      loose: false,
    });
    expect(options({ WERF_DIR: 'p', WERF_WORK_TREE: '..', WERF_CONFIG: 'ci/werf.yaml' })).toMatchObject({
      directory: '/work/p',
      workTree: '/',
      config: 'ci/werf.yaml',
    });
  });

  it('know the state of the work tree only when it is asked for', () => {
    expect(options({ WERF_DEV: '1', WERF_DEV_IGNORE_B: 'b', WERF_DEV_IGNORE_A: 'a' }).dev).toEqual({
      branch: '_werf-dev',
      ignore: ['a', 'b'],
    });
    expect(options({ WERF_DEV_BRANCH: 'x' }).dev).toBeNull();
  });
});

describe('log settings', () => {
  const terminal = fakeOutput({ columns: 90, rows: 20 });
  const settings = (env: Record<string, string>, output = fakeOutput()) =>
    logSettingsOf(resolveFlags(logFlags, new Map(), env).values, output);

  it('follow the terminal', () => {
    expect(settings({})).toMatchObject({
      width: 140,
      color: false,
      pretty: true,
      level: 'default',
      timeLayout: null,
    });
    expect(settings({}, terminal)).toMatchObject({ width: 90, color: true });
    expect(settings({ WERF_LOG_TERMINAL_WIDTH: '130', WERF_LOG_COLOR_MODE: 'on' })).toMatchObject({
      width: 130,
      color: true,
    });
    expect(settings({ WERF_LOG_COLOR_MODE: 'off' }, terminal).color).toBe(false);
  });

  it('tell the most that is asked for', () => {
    expect(settings({ WERF_LOG_QUIET: '1' }).level).toBe('quiet');
    expect(settings({ WERF_VERBOSE: '1' }).level).toBe('verbose');
    expect(settings({ WERF_LOG_DEBUG: '1', WERF_LOG_QUIET: '1' }).level).toBe('debug');
    const quiet = (env: Record<string, string>) =>
      logSettingsOf(resolveFlags(quietLogFlags, new Map(), env).values, fakeOutput()).level;
    expect(quiet({})).toBe('quiet');
    expect(quiet({ WERF_LOG_QUIET: '0' })).toBe('default');
  });
});

describe('variables that hold secrets', () => {
  it('are known by their names, unless they are too short to be any', () => {
    const env = {
      CI_JOB_TOKEN: 'abcdefgh',
      DB_PASSWORD: 'correct horse',
      USE_TOKEN: 'true',
      PATH: '/usr/local/bin',
    };
    expect(secretsOf(env)).toEqual(['abcdefgh', 'correct horse']);
  });
});
