import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder } from './support/builder.ts';
import { makeProject } from './support/project.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';

let registry: TestRegistry;
let builder: Builder;
let project: Fixture;

/** `app` is based on `base`, is told its tag, and has a configuration of its own. */
const WERF = `project: demo
configVersion: 1
---
image: base
final: false
dockerfile: base.Dockerfile
---
image: app
dockerfile: Dockerfile
dependencies:
- image: base
  imports:
  - {type: ImageName, targetBuildArg: BASE}
  - {type: ImageTag, targetBuildArg: TAG}
imageSpec:
  author: Somebody
  config:
    env: {PATH: "\${PATH}:/add/path"}
    labels: {of: "%image% of %project%"}
    expose: ["99"]
    cmd: [own]
`;

beforeAll(async () => {
  registry = await startRegistry();
  builder = await makeBuilder();
  project = await makeProject({
    'werf.yaml': WERF,
    'base.Dockerfile': `FROM ${registry.host}/busybox:latest\nENV PATH=/bin:/usr/bin\nRUN echo base >/base\n`,
    Dockerfile:
      'ARG BASE\nFROM ${BASE}\nARG TAG\nRUN cat /base && echo "it is ${TAG}"\nENTRYPOINT ["/bin/entry"]\n',
  });
});
afterAll(async () => {
  await builder.remove();
  await project.remove();
  await registry.stop();
});

const slipway = (...args: string[]) => builder.run(args, { cwd: project.root });

interface Report {
  readonly Images: Readonly<
    Record<string, { DockerImageName: string; DockerTag: string; Stages: { Name: string }[] }>
  >;
}

describe.each(['local', 'repository'] as const)('an image in the storage: %s', (storage) => {
  const repo = () => (storage === 'local' ? [] : ['--repo', `${registry.host}/stages`]);

  it('has no name before it is built, and nothing is built for it', async () => {
    const outcome = await slipway('stage', 'image', 'app', ...repo());
    expect([outcome.exitCode, outcome.stdout]).toEqual([1, '']);
    expect(outcome.stderr).toContain('stages required: base/dockerfile (');
  });

  it('is named by its last stage', async () => {
    const report = `${project.root}.${storage}.json`;
    const built = await slipway('build', ...repo(), '--save-build-report', '--build-report-path', report);
    expect(built.stderr).toBe('');
    expect(built.exitCode).toBe(0);
    // Wherever it is kept, a stage has the same digest: the repository gets what was built for the local storage.
    expect(built.stdout.includes('Building stage')).toBe(storage === 'local');
    const { Images }: Report = JSON.parse(builder.other('cat', [report]));
    expect(Images['app']?.Stages.map(({ Name }) => Name)).toEqual(['dockerfile', 'imageSpec']);
    const app = await slipway('stage', 'image', 'app', ...repo());
    expect(app).toMatchObject({ exitCode: 0, stdout: `${Images['app']?.DockerImageName}\n` });
    const base = await slipway('stage', 'image', 'base', ...repo());
    expect(base.stdout).toBe(`${Images['base']?.DockerImageName}\n`);
    const again = await slipway('build', ...repo());
    expect(again.stdout).not.toContain('Building stage');
  });
});

describe('an image based on another one of the file', () => {
  const repo = () => ['--repo', `${registry.host}/stages`];

  it('is built by somebody whose store has neither, with the configuration that is asked for', async () => {
    const other = await makeBuilder({ user: 'ordinary' });
    try {
      await project.write({
        Dockerfile:
          'ARG BASE\nFROM ${BASE}\nARG TAG\nRUN cat /base && echo "now ${TAG}"\nENTRYPOINT ["/bin/entry"]\n',
      });
      await project.commit('another command');
      const built = await other.run(['build', ...repo()], { cwd: project.root });
      expect(built.stderr).toBe('');
      expect(built.stdout).toContain('Use previously built image for base/dockerfile');
      expect(built.stdout).toContain('Building stage app/dockerfile');
      expect(built.stdout).toMatch(/now [0-9a-f]{56}-[0-9]{13}/);
      const { stdout } = await other.run(['stage', 'image', 'app', ...repo()], { cwd: project.root });
      const image = registry.inspect(stdout.trim(), '--config', '--raw');
      expect(image).toMatchObject({
        author: 'Somebody',
        config: {
          Env: expect.arrayContaining(['PATH=/bin:/usr/bin:/add/path']),
          Labels: { of: 'app of demo', werf: 'demo' },
          ExposedPorts: { '99': {} },
          Cmd: ['own'],
          Entrypoint: ['/bin/entry'],
        },
      });
    } finally {
      await other.remove();
    }
  });
});

describe('an image of several', () => {
  it('must be named', async () => {
    const outcome = await slipway('stage', 'image');
    expect([outcome.exitCode, outcome.stdout]).toEqual([1, '']);
    expect(outcome.stderr).toContain('takes one image, but 2 were chosen');
  });
});
