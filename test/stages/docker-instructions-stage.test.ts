import { describe, expect, it } from 'vitest';
import type { DockerInstructions } from '../../src/config/stapel-parts.ts';
import { inputHash } from '../../src/stages/canonical.ts';
import { applyDocker, canonicalDocker } from '../../src/stages/docker-instructions-stage.ts';

const NOTHING: DockerInstructions = {
  user: null,
  workdir: null,
  healthcheck: null,
  cmd: null,
  entrypoint: null,
  volume: [],
  expose: [],
  env: new Map(),
  label: new Map(),
};

const BASE = {
  architecture: 'amd64',
  config: {
    User: 'base',
    Entrypoint: ['/entry'],
    Cmd: ['serve'],
    WorkingDir: '/srv',
    Env: ['PATH=/usr/bin', 'A=1'],
    Labels: { keep: 'me' },
  },
  rootfs: { type: 'layers', diff_ids: ['sha256:1'] },
};

function config(docker: Partial<DockerInstructions>, before: unknown = BASE, base: unknown = BASE) {
  const text = applyDocker(JSON.stringify(before), { ...NOTHING, ...docker }, JSON.stringify(base));
  return JSON.parse(text).config;
}

describe('the instructions of `docker`', () => {
  it('that say nothing change nothing', () => {
    expect(applyDocker(JSON.stringify(BASE), NOTHING, JSON.stringify(BASE))).toBe(JSON.stringify(BASE));
  });

  it.each<[string, Partial<DockerInstructions>, readonly string[], readonly string[]]>([
    ['neither: those of the base', {}, ['/entry'], ['serve']],
    ['a command alone drops the entry point of the base', { cmd: ['own'] }, [], ['own']],
    ['an entry point alone drops the command of the base', { entrypoint: ['/own'] }, ['/own'], []],
    ['both are used', { entrypoint: ['/own'], cmd: ['own'] }, ['/own'], ['own']],
  ])('%s', (_, docker, Entrypoint, Cmd) => {
    expect(config(docker)).toMatchObject({ Entrypoint, Cmd });
  });

  it('give back what the image of stage `from` had, whatever stages between have left', () => {
    const before = { config: { User: '0:0', WorkingDir: '/', Entrypoint: [''], Cmd: ['/bin/bash'] } };
    expect(config({}, before)).toMatchObject({
      User: 'base',
      WorkingDir: '/srv',
      Entrypoint: ['/entry'],
      Cmd: ['serve'],
    });
    expect(config({}, before, {})).toEqual({ Entrypoint: [], Cmd: [] });
  });

  it('set user and directory; a relative directory is below that of the base', () => {
    expect(config({ user: 'app', workdir: '/app' })).toMatchObject({ User: 'app', WorkingDir: '/app' });
    expect(config({ workdir: 'app' }).WorkingDir).toBe('/srv/app');
    expect(config({ workdir: 'app' }, {}, {}).WorkingDir).toBe('/app');
  });

  it('add variables as they are written, labels, ports and volumes', () => {
    const docker = {
      env: new Map([
        ['B', '${A}'],
        ['A', '2'],
      ]),
      label: new Map([['l', 'x']]),
      expose: ['80/udp', '99'],
      volume: ['/v'],
    };
    expect(config(docker)).toMatchObject({
      Env: ['PATH=/usr/bin', 'A=2', 'B=${A}'],
      Labels: { keep: 'me', l: 'x' },
      ExposedPorts: { '80/udp': {}, '99': {} },
      Volumes: { '/v': {} },
    });
  });

  it('set a health check', () => {
    const healthcheck = {
      test: ['CMD-SHELL', 'curl x'],
      interval: 5000,
      timeout: null,
      startPeriod: 0,
      retries: 2,
    };
    expect(config({ healthcheck }).Healthcheck).toEqual({
      Test: ['CMD-SHELL', 'curl x'],
      Interval: 5_000_000_000,
      StartPeriod: 0,
      Retries: 2,
    });
  });
});

describe('what the digest takes of `docker`', () => {
  const hash = (docker: Partial<DockerInstructions>) => inputHash(canonicalDocker({ ...NOTHING, ...docker }));
  const none = { test: ['NONE'], interval: null, timeout: null, startPeriod: null, retries: null };
  const one = new Map([['A', '1']]);

  it('is another for every field', () => {
    const all = [
      {},
      { user: '' },
      { user: 'x' },
      { workdir: 'x' },
      { healthcheck: none },
      { cmd: [] },
      { cmd: ['x'] },
      { entrypoint: ['x'] },
      { volume: ['x'] },
      { expose: ['x'] },
      { env: one },
      { label: one },
      { env: one, label: one },
    ].map(hash);
    expect(new Set(all).size).toBe(all.length);
  });
});
