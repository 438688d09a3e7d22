import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/run.ts';
import { fakeView } from '../cli/fake-view.ts';

const META = 'project: demo\nconfigVersion: 1\n';
const image = (name: string) => `---\nimage: ${name}\ndockerfile: Dockerfile\n`;

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'stage-image-'));
  await mkdir(join(home, 'run'), { mode: 0o700 });
  const roots = `graphroot = "${home}/graph"\nrunroot = "${home}/run/containers"\n`;
  await writeFile(join(home, 'storage.conf'), `[storage]\ndriver = "overlay"\n${roots}`);
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** Runs the command in a committed project of these images. */
async function stageImage(names: readonly string[], ...args: string[]) {
  const directory = await mkdtemp(join(home, 'project-'));
  await writeFile(join(directory, 'werf.yaml'), META + names.map(image).join(''));
  await writeFile(join(directory, 'Dockerfile'), 'FROM scratch\nLABEL a=b\n');
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...words], {
      cwd: directory,
    });
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'first');
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    XDG_RUNTIME_DIR: join(home, 'run'),
    CONTAINERS_STORAGE_CONF: join(home, 'storage.conf'),
  };
  const view = fakeView(['stage', 'image', ...args], {
    env,
    cwd: directory,
    homeDirectory: home,
    temporaryDirectory: home,
  });
  const status = await run(view);
  return { status, stdout: view.stdout.text(), stderr: view.stderr.text() };
}

describe('stage image', () => {
  it('needs to be told which of several images, and looks nothing up before', async () => {
    const { status, stdout, stderr } = await stageImage(['app', 'web']);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain('Error: `stage image` takes one image, but 2 were chosen\n');
    expect(stderr).toContain('slipway config list');
  });

  it.each([
    [['web/*'], 'takes one image, but 2 were chosen'],
    [['wob'], 'no image matches "wob"'],
    [['app', 'other'], 'stage image does not take "other"'],
  ])('refuses %j', async (args, message) => {
    const { status, stderr } = await stageImage(['app', 'web/one', 'web/two'], ...args);
    expect(status).toBe(1);
    expect(stderr).toContain(message);
  });

  it('says that there is no image in a project without any', async () => {
    expect((await stageImage([])).stderr).toContain('takes one image, but 0 were chosen');
  });
});
