import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder, RUNGS, runningEngines } from './support/builder.ts';
import { makeProject } from './support/project.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { stapelConfig } from './support/stapel.ts';
import { sitDown } from './support/terminal.ts';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.stop());

const WITHOUT_TOOLCHAIN = { WERF_STAPEL_IMAGE_NAME: 'none' };

/** @param command the last one of `install` */
const image = (command: string) => `image: app
from: ${registry.host}/busybox:latest
git:
- {add: /, to: /app}
mount:
- {from: tmp_dir, to: /mounted}
shell:
  beforeInstall:
  - echo before > /before
  install:
  - export TOLD=by_the_stage
  - echo left > /left
  - ${command}
`;

describe.each(Object.entries(RUNGS))('shells in build containers: %s', (_, rung) => {
  let builder: Builder;
  let project: Fixture;
  beforeAll(async () => {
    builder = await makeBuilder({ ...rung, env: { ...rung.env, ...WITHOUT_TOOLCHAIN } });
    project = await makeProject({
      'werf.yaml': stapelConfig(image('test -e /missing')),
      file: 'of the commit\n',
    });
  });
  afterAll(async () => {
    await builder.remove();
    await project.remove();
  });

  it('open after a failure: in what the command left, then in what was there before', async () => {
    const args = ['build', '--introspect-error', '--introspect-before-error'];
    const user = sitDown(builder, args, project.root);
    await user.sees('image app, stage install, as the failed command left it: `exit` goes on');
    await user.sees('# ');
    user.types('cat /left /app/file; test -d /mounted && pwd && stty size\r');
    await user.sees('left\nof the commit\n/\n17 91\n');
    user.types('echo changed > /changed; exit 3\r');
    await user.sees('image app, stage install, as it was before the command that failed: `exit` goes on');
    await user.sees('# ');
    user.types('ls /left /changed /before\r');
    await user.sees('/left: No such file or directory\n');
    await user.sees('/before\n');
    user.types('exit\r');
    const { exitCode, screen } = await user.ended;
    expect(exitCode).toBe(1);
    expect(screen).toMatch(/image app: stage install: the command failed.*test -e \/missing/);
    const [before, after] = await user.settings();
    expect(after).toBe(before);
    expect(runningEngines()).toEqual([]);
    expect(await builder.halfMade()).toEqual([]);
  });

  it('open in a stage that is there, and keep nothing', async () => {
    await project.write({ 'werf.yaml': stapelConfig(image('true')) });
    await project.commit('works');
    const user = sitDown(builder, ['build', '--introspect-stage', 'app/install'], project.root);
    await user.sees('image app, stage install, as it is: `exit` goes on');
    await user.sees('# ');
    user.types('cat /left; echo changed > /changed; exit\r');
    await user.sees('left\n');
    const { exitCode, screen } = await user.ended;
    expect(screen).not.toContain('Error');
    expect(exitCode).toBe(0);
    const look = ['run', 'app', '--', 'ls', '-d', '/left', '/changed'];
    const { stdout, stderr } = await builder.run(look, { cwd: project.root });
    expect(stdout).toContain('/left\n');
    expect(`${stdout}${stderr}`).toMatch(/\/changed: No such file/);
  });

  it('end with slipway, which gives the terminal back', async () => {
    const user = sitDown(builder, ['build', '--introspect-stage', '*/install'], project.root);
    await user.sees('# ');
    user.types('trap "" HUP; echo beg""un; sleep 97551; sleep 97551\r');
    await user.sees('begun\n');
    process.kill(user.slipway(), 'SIGTERM');
    expect((await user.ended).exitCode).toBe(143);
    const [before, after] = await user.settings();
    expect(after).toBe(before);
    expect(runningEngines()).toEqual([]);
    expect(await builder.halfMade()).toEqual([]);
  });
});

describe('options for shells', () => {
  it('are refused before anything is built', async () => {
    const builder = await makeBuilder({ env: WITHOUT_TOOLCHAIN });
    const project = await makeProject({ 'werf.yaml': stapelConfig(image('true')), file: '' });
    const refused = async (...args: string[]) => {
      const { exitCode, stderr, stdout } = await builder.run(['build', ...args], { cwd: project.root });
      expect(exitCode).toBe(1);
      expect(stdout).not.toContain('Building');
      return stderr;
    };
    expect(await refused('--introspect-error')).toContain('needs a terminal');
    expect(await refused('--introspect-stage', 'app/instal')).toMatch(
      /no stage "instal"\s*Hint: did you mean "install"/,
    );
    const user = sitDown(builder, ['build', '--introspect-stage', 'web/install'], project.root);
    const { exitCode, screen } = await user.ended;
    expect(exitCode).toBe(1);
    expect(screen).toMatch(/web is not in werf.yaml[\s\S]*images: app/);
    await builder.remove();
    await project.remove();
  });
});
