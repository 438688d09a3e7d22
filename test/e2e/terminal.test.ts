import { execFileSync } from 'node:child_process';
import { kill } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder, RUNGS, runningEngines } from './support/builder.ts';
import { config, makeProject } from './support/project.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { sitDown } from './support/terminal.ts';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.stop());

const running = (text: string) =>
  execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(text));

/** Waits until nothing of a kind is left. */
async function gone(list: () => readonly string[]): Promise<readonly string[]> {
  for (let attempt = 0; attempt < 500 && list().length > 0; attempt++) await sleep(20);
  return list();
}

const SHELL = ['run', 'app', '--', 'env', 'PS1=@', 'sh'];

describe.each(Object.entries(RUNGS))('run on a terminal: %s', (_, rung) => {
  let builder: Builder;
  let project: Fixture;
  beforeAll(async () => {
    builder = await makeBuilder(rung);
    project = await makeProject({
      'werf.yaml': config(),
      Dockerfile: `FROM ${registry.host}/busybox:latest\nRUN echo made > /made\n`,
    });
    expect((await builder.run(['build'], { cwd: project.root })).exitCode).toBe(0);
  });
  afterAll(async () => {
    await builder.remove();
    await project.remove();
  });

  it('is a shell that knows its terminal, hears Ctrl-C and the size of the window', async () => {
    const user = sitDown(builder, SHELL, project.root);
    await user.sees('@');
    user.types('test -t 0 && test -t 1 && test -t 2 && echo th""ree $TERM $(cat /made) && stty size\r');
    await user.sees('three xterm made\n');
    await user.sees('17 91\n');
    user.types('echo to the te""rminal > /dev/tty\r');
    await user.sees('to the terminal\n');
    user.types('(echo beg""un; sleep 97541)\r');
    await user.sees('begun\n');
    user.types('\x03');
    await user.sees('@');
    user.types('echo it was $?.\r');
    await user.sees('it was 130.\n');
    user.resize(120, 40);
    user.types(
      'for i in 1 2 3 4 5 6 7 8 9; do test "$(stty size)" = "40 120" && break; sleep 0.2; done; stty size\r',
    );
    await user.sees('40 120\n');
    user.types('sleep 97542 & exit 7\r');
    const { exitCode, screen } = await user.ended;
    expect(screen).toMatch(/the command ended with exit status 7\n$/);
    expect(exitCode).toBe(7);
    const [before, after] = await user.settings();
    // Whatever the size is now.
    expect(after).toBe(before);
    expect(running('sleep 9754')).toEqual([]);
    expect(runningEngines()).toEqual([]);
    expect(await builder.halfMade()).toEqual([]);
  });

  it('gives the terminal back when it is stopped', async () => {
    const user = sitDown(builder, SHELL, project.root);
    await user.sees('@');
    user.types('trap "" HUP TERM; echo beg""un; sleep 97543; sleep 97543\r');
    await user.sees('begun\n');
    kill(user.slipway(), 'SIGTERM');
    expect((await user.ended).exitCode).toBe(143);
    const [before, after] = await user.settings();
    expect(after).toBe(before);
    expect(running('sleep 97543')).toEqual([]);
    expect(runningEngines()).toEqual([]);
    expect(await builder.halfMade()).toEqual([]);
  });

  it('leaves nothing when the window is closed', async () => {
    const user = sitDown(builder, SHELL, project.root);
    await user.sees('@');
    user.types('echo beg""un; sleep 97544\r');
    await user.sees('begun\n');
    user.close();
    await user.ended;
    expect(await gone(runningEngines)).toEqual([]);
    expect(running('sleep 97544')).toEqual([]);
    expect(await builder.halfMade()).toEqual([]);
  });

  it('shows all that a command prints, and its exit status is that of slipway', async () => {
    const user = sitDown(builder, ['run', 'app', '--', 'seq', '20000'], project.root);
    const { exitCode, screen } = await user.ended;
    expect(exitCode).toBe(0);
    expect(screen.split('\n').filter((line) => /^\d+$/.test(line))).toHaveLength(20000);
  });
});

describe('run without a terminal', () => {
  it('reads no input', async () => {
    const builder = await makeBuilder();
    const project = await makeProject({
      'werf.yaml': config(),
      Dockerfile: `FROM ${registry.host}/busybox:latest\nRUN echo made > /made\n`,
    });
    const outcome = await builder.run(['run', 'app', '--', 'sh', '-c', 'test -t 1 || cat'], {
      cwd: project.root,
    });
    expect(outcome).toMatchObject({ exitCode: 0, stdout: '' });
    await builder.remove();
    await project.remove();
  });
});
