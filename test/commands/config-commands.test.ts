import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/run.ts';
import { fakeView } from '../cli/fake-view.ts';

const CONFIG = `# a comment
---
project: demo
configVersion: 1
---
image: app # the first
dockerfile: Dockerfile
---
image: [web, tools/lint]
dockerfile: web.Dockerfile
final: false
`;

let directory = '';

function git(...args: string[]) {
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: directory });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'config-'));
  await writeFile(join(directory, 'werf.yaml'), CONFIG);
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'first');
});

afterAll(() => rm(directory, { recursive: true }));

async function slipway(...args: string[]) {
  const env = { PATH: process.env['PATH'], HOME: directory };
  const view = fakeView(args, {
    env,
    cwd: directory,
    homeDirectory: directory,
    temporaryDirectory: tmpdir(),
  });
  const status = await run(view);
  return { status, stdout: view.stdout.text(), stderr: view.stderr.text() };
}

describe('config list', () => {
  it('prints the names in file order, and nothing else', async () => {
    expect(await slipway('config', 'list')).toEqual({
      status: 0,
      stdout: 'app\nweb\ntools/lint\n',
      stderr: '',
    });
  });

  it('can leave out intermediate images', async () => {
    expect((await slipway('config', 'list', '--final-images-only')).stdout).toBe('app\n');
    expect((await slipway('config', 'list', '--images-only')).stdout).toBe('app\n');
  });

  it('works from elsewhere', async () => {
    expect((await slipway('--dir', directory, 'config', 'list')).stdout).toContain('app\n');
  });
});

describe('config render', () => {
  it('prints the documents as they are, joined by ---', async () => {
    const { stdout, stderr } = await slipway('config', 'render');
    expect(stdout).toBe(CONFIG.slice(CONFIG.indexOf('project')));
    expect(stderr).toBe('');
  });

  it('prints the documents of the named images only, without that of the project', async () => {
    expect((await slipway('config', 'render', 'tools/*')).stdout).toBe(
      'image: [web, tools/lint]\ndockerfile: web.Dockerfile\nfinal: false\n',
    );
    expect((await slipway('config', 'render', '!web', '!tools/*')).stdout).toBe(
      'image: app # the first\ndockerfile: Dockerfile\n',
    );
  });

  it('says which pattern matches nothing', async () => {
    const { status, stdout, stderr } = await slipway('config', 'render', 'ap');
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^Error: no image matches "ap"\n/);
  });
});

describe('config graph', () => {
  it('lists images in file order', async () => {
    expect((await slipway('config', 'graph')).stdout).toBe(
      '- image: app\n- image: web\n- image: tools/lint\n',
    );
    expect((await slipway('config', 'graph', 'web', '--format=dot')).stdout).toBe(
      'digraph images {\n  "web";\n}\n',
    );
  });
});

describe('--log-format json', () => {
  it('tells problems with their codes on standard error, one event per line', async () => {
    const { status, stdout, stderr } = await slipway(
      'config',
      'list',
      '--log-format=json',
      '--config',
      'none.yaml',
    );
    expect([status, stdout]).toEqual([1, '']);
    const events = stderr
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(events.at(-1)).toMatchObject({
      level: 'error',
      event: 'error',
      data: { code: expect.any(String) },
    });
  });
});
