import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/command-table.ts';
import { describeFailure } from '../../src/cli/describe-failure.ts';
import type { ProcessView } from '../../src/cli/process-view.ts';
import { run } from '../../src/cli/run.ts';
import { fakeView } from './fake-view.ts';

async function slipway(args: readonly string[], changes: Partial<ProcessView> = {}) {
  const view = fakeView(args, changes);
  const status = await run(view);
  return { status, stdout: view.stdout.text(), stderr: view.stderr.text() };
}

describe('a command line', () => {
  it('prints the version of package.json in one line', async () => {
    const manifest: { version: string } = JSON.parse(
      await readFile(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8'),
    );
    const expected = { status: 0, stdout: `${manifest.version}\n`, stderr: '' };
    expect(await slipway(['version'])).toEqual(expected);
    expect(await slipway(['--version'])).toEqual(expected);
  });

  it('without a command lists the commands', async () => {
    const help = await slipway([]);
    expect(help.status).toBe(0);
    for (const { name } of COMMANDS) expect(help.stdout).toContain(`  ${name} `);
    expect(await slipway(['help'])).toEqual(help);
    expect(await slipway(['--help'])).toEqual(help);
  });

  it.each(COMMANDS.map(({ name }) => name))('explains %s in every way', async (name) => {
    const words = name.split(' ');
    const help = await slipway(['help', ...words]);
    expect(help.status).toBe(0);
    expect(help.stdout).toContain(`Usage: slipway ${name}`);
    expect(help.stdout).toContain('Examples:');
    expect(await slipway([...words, '--help'])).toEqual(help);
    expect(await slipway([...words, '-h', '--unknown'])).toEqual(help);
  });

  it('explains options with defaults and variables, by group', async () => {
    const { stdout } = await slipway(['help', 'build']);
    expect(stdout).toContain('Project options:\n');
    expect(stdout).toMatch(/ {2}-S, --synchronization ADDRESS\n/);
    expect(stdout).toMatch(
      /--parallel-tasks-limit NUMBER\n.*default: 5; variable:\s+\$WERF_PARALLEL_TASKS_LIMIT/,
    );
    expect(stdout).not.toContain('insecure-helm-dependencies');
    expect(stdout).toMatch(/\nVariables:\n {2}SLIPWAY_COMPRESSION\n.*zstd/);
    expect(stdout).toMatch(/\n {2}SLIPWAY_BLOB_CACHE_MB\n/);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110);
  });

  it.each([
    [['frobnicate'], 'Error: unknown command "frobnicate"\n\nHint: see `slipway help` for all commands\n'],
    [['versoin'], 'Error: unknown command "versoin"\n\nHint: did you mean "version"?\n'],
    [
      ['version', '--sheel'],
      'Error: unknown option --sheel\n\nHint: see --help for the options of this command\n',
    ],
    [['version', 'x'], 'Error: version does not take "x"\n\nHint: see slipway version --help\n'],
    [['version', '--', 'x'], 'Error: version takes nothing after --\n'],
    [
      ['cleanup'],
      'Error: "cleanup" is not supported yet by this version\n\nHint: see `slipway help` for the commands that are\n',
    ],
    [['--foo'], 'Error: unknown option --foo\n\nHint: see --help for the options of this command\n'],
    [['completion', '--shell', 'tcsh'], 'Error: --shell: "tcsh" is none of bash, zsh, fish, powershell\n'],
  ])('that is wrong is one sentence: %j', async (args, stderr) => {
    expect(await slipway(args)).toEqual({ status: 1, stdout: '', stderr });
  });

  it('names the subcommands when one is missing', async () => {
    expect((await slipway(['config'])).stderr).toContain('slipway config render');
    expect((await slipway(['config', '--help'])).stdout).toContain('  config list ');
    expect((await slipway(['includes'])).stderr).toContain('not supported yet');
  });

  it('reads switches that are in front of the command', async () => {
    const { stderr } = await slipway([
      '--dir',
      '/nonexistent/p',
      '--log-quiet',
      'config',
      '--env',
      'x',
      'list',
    ]);
    expect(stderr).toContain('/nonexistent/p');
  });
});

describe('a command on another system', () => {
  it.each([
    ['darwin', 'VM'],
    ['win32', 'WSL2'],
  ])('%s is refused with a way out', async (platform, advice) => {
    const { status, stderr } = await slipway(['build'], { platform });
    expect(status).toBe(1);
    expect(stderr).toContain(`slipway runs on Linux only, and this is ${platform}`);
    expect(stderr).toContain(advice);
    expect((await slipway(['version'], { platform })).status).toBe(0);
  });
});

describe('what build cannot do yet', () => {
  it.each([[['-S', 'https://locks.example.com']], [['--virtual-merge']], [['--ssh-key', 'k']]])(
    'is refused before anything is read: %j',
    async (args) => {
      const { status, stderr } = await slipway(['build', ...args]);
      expect(status).toBe(1);
      expect(stderr).toMatch(/^Error: .*(?:not supported yet|are not supported yet)/);
    },
  );
});

describe('an internal error', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'failure-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is told in short, and its trace is written without secrets', async () => {
    const args = ['build', '--repo-github-token=hunter22'];
    const view = { ...fakeView(args), temporaryDirectory: directory };
    const mask = (text: string) => text.replaceAll('s3cret', '***');
    const failure = await describeFailure(new TypeError('x is not s3cret'), view, mask);
    expect(failure.message).toBe('internal error: x is not ***');
    const file = join(directory, 'slipway-error-unique.txt');
    expect(failure.hint).toContain(file);
    const trace = await readFile(file, 'utf8');
    expect(trace).toContain('TypeError: x is not ***');
    expect(trace).toContain('command: build --repo-github-token=…');
    expect(trace).toMatch(/run\.test\.ts/);
    expect(trace).not.toMatch(/s3cret|hunter22/);
  });

  it('is told even where no trace can be written', async () => {
    const failure = await describeFailure('odd', fakeView([]), (text) => text);
    expect(failure.exitCode).toBe(1);
    expect(failure.message).toBe('internal error: odd');
  });
});
