import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Builder, makeBuilder, runningEngines } from './support/builder.ts';
import { config, makeProject } from './support/project.ts';

const FILES = {
  'werf.yaml': config(),
  Dockerfile: 'FROM scratch\nCOPY src /\n',
  'src/a': 'one',
  'src/b': 'two',
};

let builder: Builder;
beforeAll(async () => {
  builder = await makeBuilder();
});
afterAll(() => builder.remove());

describe('--dev', () => {
  it('builds the work tree as it is, twice in a row, and leaves what is the user’s alone', async () => {
    const project = await makeProject(FILES);
    const own = () => [
      project.git('--no-optional-locks', 'status', '--porcelain=v2', '--branch'),
      project.git('ls-files', '--stage'),
      project.git('stash', 'list'),
      project.git('branch', '-a'),
    ];
    const build = () => builder.run(['build', '--dev'], { cwd: project.root });
    await project.write({ 'src/a': 'changed', 'src/new': 'x' });
    rmSync(join(project.root, 'src/b'));
    const before = own();
    const first = await build();
    expect(first.exitCode, first.stderr).toBe(0);
    expect(first.stdout).toContain('Building stage app/dockerfile');
    const second = await build();
    expect(second.stdout).toContain('Use previously built image for app/dockerfile');
    expect(own()).toEqual(before);
    await project.write({ Dockerfile: 'FROM scratch\nCOPY src /\nLABEL now=dev\n' });
    expect((await build()).stdout).toContain('Building stage app/dockerfile');
    await project.remove();
  });

  it('leaves out what --dev-ignore names, and asks for permissions all the same', async () => {
    const project = await makeProject(FILES);
    await builder.run(['build'], { cwd: project.root });
    await project.write({ 'src/noise.tmp': 'x' });
    const ignoring = await builder.run(['build', '--dev', '--dev-ignore=**/*.tmp'], { cwd: project.root });
    expect(ignoring.stdout).toContain('Use previously built image');
    await project.write({ 'werf.yaml': config('args: {A: {{ env "HOME" }}}') });
    const refused = await builder.run(['build', '--dev'], { cwd: project.root });
    expect(refused.stderr).toContain('env name "HOME" not allowed by giterminism');
    expect(refused.exitCode).toBe(1);
    await project.remove();
  });
});

describe('--follow', () => {
  it('builds every new commit, goes on after a failure, and ends with 130', async () => {
    const project = await makeProject(FILES);
    const running = builder.start(['build', '--follow'], { cwd: project.root });
    let said = '';
    running.stdout.on('data', (piece: Buffer) => (said += piece.toString()));
    running.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
    const ended = new Promise<number | null>((resolve) => running.on('close', resolve));
    const hears = async (text: string | RegExp, times = 1) => {
      for (let i = 0; i < 300; i++) {
        if ((said.match(new RegExp(text, 'g')) ?? []).length >= times) return;
        await sleep(100);
      }
      throw new Error(`${String(text)} was not said ${times} times in:\n${said}`);
    };
    await hears('Waiting for another commit');
    await project.write({ Dockerfile: 'FROM scratch\nCOPY nothing /\n' });
    await project.commit('broken');
    await hears('COPY nothing: no file of the build context matches');
    await hears('Waiting for another commit', 2);
    await project.write({ Dockerfile: 'FROM scratch\nCOPY src /\nLABEL mended=yes\n' });
    await project.commit('mended');
    await hears('Waiting for another commit', 3);
    expect(said.match(/┌ .*Building stage app\/dockerfile|Use previously built/g)?.length).toBe(2);
    running.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(runningEngines()).toEqual([]);
    await project.remove();
  });
});
