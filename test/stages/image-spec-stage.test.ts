import { describe, expect, it } from 'vitest';
import type { ImageSpec } from '../../src/config/image-spec.ts';
import { type NamePattern, namePattern } from '../../src/config/name-pattern.ts';
import { imageSettings } from '../../src/oci/image-settings.ts';
import { inputHash } from '../../src/stages/canonical.ts';
import { applyImageSpec, canonicalImageSpec } from '../../src/stages/image-spec-stage.ts';

const NAMES = { image: 'app', project: 'demo' };

const NOTHING: ImageSpec = {
  author: null,
  clearHistory: false,
  cmd: null,
  entrypoint: null,
  env: new Map(),
  expose: [],
  healthcheck: null,
  labels: new Map(),
  stopSignal: null,
  user: null,
  workingDir: null,
  volumes: [],
  removeEnv: [],
  removeLabels: [],
  removeVolumes: [],
  clearCmd: false,
  clearEntrypoint: false,
  clearUser: false,
  clearWorkingDir: false,
  keepEssentialLabels: false,
};

const BEFORE = {
  architecture: 'amd64',
  'x.unknown': { kept: [1, { deep: null }] },
  author: 'Base',
  config: {
    User: 'root',
    ExposedPorts: { '80/tcp': {} },
    Env: ['PATH=/usr/bin', 'EMPTY=', 'DEBUG=1', 'DEBUG_LEVEL=2'],
    Entrypoint: ['/entry'],
    Cmd: ['serve'],
    Volumes: { '/data': {}, '/cache': {} },
    WorkingDir: '/srv',
    Labels: { keep: 'me', 'tmp-a': '1', 'tmp-b': '2', werf: 'demo', 'werf-version': '1' },
    Shell: ['/bin/bash', '-c'],
    ArgsEscaped: true,
  },
  history: [
    { created: '2020-01-01T00:00:00Z', created_by: 'ADD rootfs' },
    { created: '2020-01-02T00:00:00Z', created_by: 'ENV x', empty_layer: true },
    { created: '2020-01-03T00:00:00Z', created_by: 'RUN y' },
  ],
  os: 'linux',
  created: '2020-01-04T00:00:00Z',
  rootfs: { type: 'layers', diff_ids: ['sha256:1', 'sha256:2'] },
};

function changed(spec: Partial<ImageSpec>, before: unknown = BEFORE) {
  return applyImageSpec(JSON.stringify(before), { ...NOTHING, ...spec }, NAMES);
}
const config = (spec: Partial<ImageSpec>, before: unknown = BEFORE) =>
  JSON.parse(changed(spec, before).configuration).config;
const env = (...given: string[]) => ({ config: { Env: given } });

function patterns(...written: string[]): readonly NamePattern[] {
  return written.map((text) => {
    const pattern = namePattern(text);
    if ('error' in pattern) throw new Error(pattern.error);
    return pattern;
  });
}

describe('an image specification', () => {
  it('that says nothing changes nothing, not even the order of fields', () => {
    expect(changed({}).configuration).toBe(JSON.stringify(BEFORE));
    expect(changed({}).warnings).toEqual([]);
  });

  it('leaves fields alone that it does not know', () => {
    const after = JSON.parse(changed({ user: 'app', author: 'Own' }).configuration);
    expect(Object.keys(after)).toEqual(Object.keys(BEFORE));
    expect(after['x.unknown']).toEqual(BEFORE['x.unknown']);
    expect(after.config).toMatchObject({ Shell: ['/bin/bash', '-c'], ArgsEscaped: true, User: 'app' });
    expect(after.author).toBe('Own');
    expect(after.rootfs).toEqual(BEFORE.rootfs);
  });

  it.each([{}, { config: null }, { config: {} }, { config: { Env: null, Labels: null, Cmd: null } }])(
    'can be applied to the configuration %j',
    (before) => {
      const spec = {
        env: new Map([['A', '1']]),
        labels: new Map([['l', 'x']]),
        volumes: ['/v'],
        cmd: ['run'],
      };
      expect(config(spec, before)).toMatchObject({
        Env: ['A=1'],
        Labels: { l: 'x' },
        Volumes: { '/v': {} },
        Cmd: ['run'],
      });
    },
  );

  it('replaces user, directory and stop signal', () => {
    const spec = { user: 'app', workingDir: '/app', stopSignal: 'SIGINT' };
    expect(config(spec)).toMatchObject({ User: 'app', WorkingDir: '/app', StopSignal: 'SIGINT' });
  });

  it('empties what it clears, except for what it sets', () => {
    const cleared = config({ clearUser: true, clearWorkingDir: true, clearCmd: true, clearEntrypoint: true });
    expect(cleared).not.toHaveProperty('User');
    expect(cleared).not.toHaveProperty('WorkingDir');
    expect(cleared).toMatchObject({ Cmd: [], Entrypoint: [] });
    const spec = { clearUser: true, user: 'app', clearCmd: true, cmd: ['x'], clearEntrypoint: true };
    expect(config({ ...spec, entrypoint: ['/e'] })).toMatchObject({
      User: 'app',
      Cmd: ['x'],
      Entrypoint: ['/e'],
    });
    expect(config({ clearWorkingDir: true, workingDir: '/w' })).toMatchObject({ WorkingDir: '/w' });
  });
});

describe('command and entry point', () => {
  it.each<[string, Partial<ImageSpec>, readonly string[], readonly string[]]>([
    ['neither: those of the base stay', {}, ['/entry'], ['serve']],
    ['a command alone keeps the entry point', { cmd: ['own'] }, ['/entry'], ['own']],
    ['an entry point alone drops the command', { entrypoint: ['/own'] }, ['/own'], []],
    ['both are used', { entrypoint: ['/own'], cmd: ['own'] }, ['/own'], ['own']],
    ['an empty entry point drops the command too', { entrypoint: [] }, [], []],
    ['a cleared entry point keeps the command', { clearEntrypoint: true }, [], ['serve']],
    ['a cleared command keeps the entry point', { clearCmd: true }, ['/entry'], []],
  ])('%s', (_, spec, Entrypoint, Cmd) => {
    expect(config(spec)).toMatchObject({ Entrypoint, Cmd });
  });

  it('of one empty word are none', () => {
    const before = { config: { Entrypoint: [''], Cmd: [''] } };
    expect(config({}, before)).toEqual({ Entrypoint: [], Cmd: [] });
    expect(config({ entrypoint: [''] })).toMatchObject({ Entrypoint: [] });
  });
});

describe('variables', () => {
  const setting = (entries: Record<string, string>) => ({ env: new Map(Object.entries(entries)) });

  it('may use the value before', () => {
    const spec = setting({ PATH: '${PATH}:/add/path' });
    expect(config(spec, env('PATH=/usr/bin')).Env).toEqual(['PATH=/usr/bin:/add/path']);
  });

  it('know values before the stage only, also of those that are removed, and nothing unknown', () => {
    const spec = {
      ...setting({ A: '${B}', B: '${A}', C: '[${DEBUG}|${NONE}]' }),
      removeEnv: patterns('DEBUG'),
    };
    expect(config(spec, env('A=1', 'DEBUG=yes', 'B=2')).Env).toEqual(['A=2', 'B=1', 'C=[yes|]']);
  });

  it.each(['$PATH', '${PATH:-x}', '${}', '$$', 'a$&b', '${PATH'])('take %s as it is written', (value) => {
    expect(config(setting({ X: value }), env('PATH=/usr/bin')).Env).toEqual(['PATH=/usr/bin', `X=${value}`]);
  });

  it('put in values that look like patterns of replacement as they are', () => {
    expect(config(setting({ X: '${A}' }), env("A=$&$1$'")).Env).toEqual(["A=$&$1$'", "X=$&$1$'"]);
  });

  it('are replaced where they stand and added in the order of their names', () => {
    const spec = setting({ Z: 'z', B: 'new', A: 'a' });
    expect(config(spec, env('A0=0', 'B=old', 'C=3')).Env).toEqual(['A0=0', 'B=new', 'C=3', 'A=a', 'Z=z']);
  });

  it('given twice become one', () => {
    expect(config(setting({ A: '${A}!' }), env('A=1', 'X', 'A=2')).Env).toEqual(['A=2!', 'X']);
  });

  it('are removed by name and by whole match, before own ones are added', () => {
    expect(config({ removeEnv: patterns('DEBUG') }).Env).toEqual([
      'PATH=/usr/bin',
      'EMPTY=',
      'DEBUG_LEVEL=2',
    ]);
    expect(config({ removeEnv: patterns('/DEBUG.*/') }).Env).toEqual(['PATH=/usr/bin', 'EMPTY=']);
    expect(config({ removeEnv: patterns('/EBUG/') }).Env).toHaveLength(4);
    const spec = { ...setting({ DEBUG: 'own' }), removeEnv: patterns('/.*/') };
    expect(config(spec).Env).toEqual(['DEBUG=own']);
    expect(config({ removeEnv: patterns('/.*/') })).not.toHaveProperty('Env');
  });

  it('of the service are removed, and an agent of the image is not', () => {
    const before = env(
      'WERF_COMMIT_HASH=c0ffee',
      'WERF_COMMIT_TIME_HUMAN=now',
      'WERF_COMMIT_TIME_UNIX=1',
      'SSH_AUTH_SOCK=/.werf/tmp/ssh-auth-sock',
      'WERF_COMMIT_OTHER=x',
    );
    expect(config({}, before).Env).toEqual(['WERF_COMMIT_OTHER=x']);
    expect(config({}, env('SSH_AUTH_SOCK=/run/agent')).Env).toEqual(['SSH_AUTH_SOCK=/run/agent']);
    expect(config(setting({ WERF_COMMIT_HASH: 'own' }), before).Env).toContain('WERF_COMMIT_HASH=own');
  });
});

describe('labels', () => {
  it('stand for names of image and project, once', () => {
    const labels = new Map([['of', '%image% of %project% (%image%) %other%']]);
    const { configuration } = applyImageSpec(
      '{}',
      { ...NOTHING, labels },
      { image: '%project%', project: 'p' },
    );
    expect(JSON.parse(configuration).config.Labels).toEqual({ of: '%project% of p (%project%) %other%' });
  });

  it('are removed by patterns, before own ones are added', () => {
    const spec = { removeLabels: patterns('/tmp-.*/'), labels: new Map([['tmp-b', 'own']]) };
    expect(config(spec).Labels).toEqual({ keep: 'me', werf: 'demo', 'werf-version': '1', 'tmp-b': 'own' });
  });

  it('that cleanup needs stay, with a warning', () => {
    const { configuration, warnings } = changed({ removeLabels: patterns('/werf.*/', 'keep') });
    expect(JSON.parse(configuration).config.Labels).toEqual({ 'tmp-a': '1', 'tmp-b': '2', werf: 'demo' });
    expect(warnings).toMatchObject([
      { code: 'CONFIG_ESSENTIAL_LABELS', message: expect.stringContaining('`werf`') },
    ]);
  });

  it('that cleanup needs stay silently where the user knows it, or no pattern means them', () => {
    const known = changed({ removeLabels: patterns('werf'), keepEssentialLabels: true });
    expect(known.warnings).toEqual([]);
    expect(JSON.parse(known.configuration).config.Labels).toHaveProperty('werf');
    expect(changed({ removeLabels: patterns('tmp-a') }).warnings).toEqual([]);
    expect(changed({ removeLabels: patterns('werf-stage-content-digest') }).warnings).toEqual([]);
  });
});

describe('ports and volumes', () => {
  it('keep their keys as they are written', () => {
    expect(config({ expose: ['99', '53/udp'] }).ExposedPorts).toEqual({
      '80/tcp': {},
      '99': {},
      '53/udp': {},
    });
  });

  it('are added after removals by exact path', () => {
    expect(config({ removeVolumes: ['/data', '/cac'], volumes: ['/new'] }).Volumes).toEqual({
      '/cache': {},
      '/new': {},
    });
    expect(config({ removeVolumes: ['/data'], volumes: ['/data'] }).Volumes).toHaveProperty(['/data']);
    expect(config({ removeVolumes: ['/data', '/cache'] })).not.toHaveProperty('Volumes');
  });
});

describe('a health check', () => {
  const check = { test: ['CMD', '/health'], interval: 30_000, timeout: 1.5, startPeriod: null, retries: 3 };

  it('has its times in nanoseconds', () => {
    expect(config({ healthcheck: check }).Healthcheck).toEqual({
      Test: ['CMD', '/health'],
      Interval: 30_000_000_000,
      Timeout: 1_500_000,
      Retries: 3,
    });
  });

  it('without a command inherits it, and nothing else', () => {
    const before = { config: { Healthcheck: { Test: ['CMD', 'old'], Retries: 9, Interval: 1 } } };
    const spec = { healthcheck: { ...check, test: [], retries: null } };
    expect(config(spec, before).Healthcheck).toEqual({
      Test: ['CMD', 'old'],
      Interval: 30_000_000_000,
      Timeout: 1_500_000,
    });
    expect(config(spec).Healthcheck).not.toHaveProperty('Test');
  });

  it('of the base stays, with fields that are not known', () => {
    const before = { config: { Healthcheck: { Test: ['NONE'], StartInterval: 7 } } };
    expect(config({ user: 'x' }, before).Healthcheck).toEqual({ Test: ['NONE'], StartInterval: 7 });
  });
});

describe('a cleared history', () => {
  const history = (spec: Partial<ImageSpec>, before: unknown) =>
    JSON.parse(changed(spec, before).configuration).history;

  it('has one entry per layer, which tells nothing but when', () => {
    expect(history({ clearHistory: true }, BEFORE)).toEqual([
      { created: '2020-01-01T00:00:00Z' },
      { created: '2020-01-03T00:00:00Z' },
    ]);
  });

  it('fits the layers also where it did not before', () => {
    const short = { ...BEFORE, history: BEFORE.history.slice(0, 1) };
    expect(history({ clearHistory: true }, short)).toEqual(
      Array(2).fill({ created: '2020-01-04T00:00:00Z' }),
    );
    const { created, history: _, ...bare } = BEFORE;
    expect(history({ clearHistory: true }, bare)).toEqual([{}, {}]);
    expect(history({ clearHistory: true }, { history: BEFORE.history })).toBeUndefined();
  });

  it('is asked for: else it stays', () => {
    expect(history({ author: 'x' }, BEFORE)).toEqual(BEFORE.history);
  });
});

describe('what the digest takes of an image specification', () => {
  const hash = (spec: Partial<ImageSpec>, names = NAMES) =>
    inputHash(canonicalImageSpec({ ...NOTHING, ...spec }, names));
  const check = { test: [], interval: null, timeout: null, startPeriod: null, retries: null };

  it.each<[string, Partial<ImageSpec>]>([
    ['author', { author: '' }],
    ['clearHistory', { clearHistory: true }],
    ['cmd', { cmd: [] }],
    ['entrypoint', { entrypoint: [] }],
    ['env', { env: new Map([['A', '1']]) }],
    ['expose', { expose: ['1'] }],
    ['healthcheck', { healthcheck: check }],
    ['its retries', { healthcheck: { ...check, retries: 0 } }],
    ['labels', { labels: new Map([['A', '1']]) }],
    ['stopSignal', { stopSignal: '' }],
    ['user', { user: '' }],
    ['workingDir', { workingDir: '' }],
    ['volumes', { volumes: ['1'] }],
    ['removeEnv', { removeEnv: patterns('1') }],
    ['removeLabels', { removeLabels: patterns('1') }],
    ['removeVolumes', { removeVolumes: ['1'] }],
    ['clearCmd', { clearCmd: true }],
    ['clearEntrypoint', { clearEntrypoint: true }],
    ['clearUser', { clearUser: true }],
    ['clearWorkingDir', { clearWorkingDir: true }],
    ['keepEssentialLabels', { keepEssentialLabels: true }],
  ])('changes with %s', (_, spec) => {
    expect(hash(spec)).not.toBe(hash({}));
  });

  it('is another for every field, also where values are equal', () => {
    const one = [{ env: new Map([['A', '1']]) }, { labels: new Map([['A', '1']]) }, { volumes: ['A', '1'] }];
    const more = [
      { user: 'x' },
      { workingDir: 'x' },
      { stopSignal: 'x' },
      { author: 'x' },
      { expose: ['x'] },
    ];
    const words = [{ cmd: ['x'] }, { entrypoint: ['x'] }, { removeEnv: patterns('x') }];
    const all = [...one, ...more, ...words].map((spec) => hash(spec));
    expect(new Set(all).size).toBe(all.length);
  });

  it('does not depend on the order of variables and labels', () => {
    const [a, b] = [['A', '1'] as const, ['B', '2'] as const];
    expect(hash({ env: new Map([a, b]) })).toBe(hash({ env: new Map([b, a]) }));
    expect(hash({ labels: new Map([a, b]) })).toBe(hash({ labels: new Map([b, a]) }));
  });

  it('follows the image name only where a label holds it', () => {
    const other = { ...NAMES, image: 'other' };
    const labels = (value: string) => ({ labels: new Map([['l', value]]) });
    expect(hash(labels('x'), other)).toBe(hash(labels('x')));
    expect(hash(labels('%image%'), other)).not.toBe(hash(labels('%image%')));
    expect(hash(labels('%image%'))).toBe(hash(labels('app')));
  });
});

describe('settings of an image', () => {
  it('are read from any configuration', () => {
    const empty = imageSettings('{}');
    expect(empty).toMatchObject({ env: [], cmd: [], user: '', healthcheck: null, history: [] });
    expect([...imageSettings(JSON.stringify(BEFORE)).exposedPorts]).toEqual(['80/tcp']);
  });
});
