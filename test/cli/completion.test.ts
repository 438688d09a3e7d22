import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/command-table.ts';
import { run } from '../../src/cli/run.ts';
import { fakeView } from './fake-view.ts';

async function script(shell: string): Promise<string> {
  const view = fakeView(['completion', `--shell=${shell}`]);
  expect(await run(view)).toBe(0);
  return view.stdout.text();
}

/** What bash offers for the last of these words. */
async function offered(...words: string[]): Promise<readonly string[]> {
  const program = `${await script('bash')}
COMP_WORDS=("$@")
COMP_CWORD=$(( $# - 1 ))
_slipway
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync('bash', ['--norc', '-c', program, 'bash', 'slipway', ...words], {
    encoding: 'utf8',
  });
  return out.split('\n').filter((word) => word !== '');
}

describe('completion in bash', () => {
  it('offers commands, then their subcommands', async () => {
    const first = new Set(COMMANDS.map(({ name }) => name.split(' ')[0]));
    expect(await offered('')).toEqual([...first, 'help']);
    expect(await offered('co')).toEqual(['config', 'completion']);
    expect(await offered('config', '')).toEqual(['render', 'list', 'graph']);
  });

  it('offers the options of the command, also behind other words', async () => {
    expect(await offered('build', '--parallel')).toEqual(['--parallel', '--parallel-tasks-limit']);
    expect(await offered('build', 'app', '--log-quiet', '--final-im')).toEqual(['--final-images-only']);
    expect(await offered('config', 'graph', '--for')).toEqual(['--format']);
    expect(await offered('version', '--par')).toEqual([]);
  });

  it('offers the values of an option that has few', async () => {
    expect(await offered('build', '--log-format', '')).toEqual(['text', 'json']);
    expect(await offered('build', '--log-color-mode', '=', 'o')).toEqual(['on', 'off']);
    expect(await offered('build', '--log-color-mode', '=')).toEqual(['auto', 'on', 'off']);
    expect(await offered('ci-env', 'gitlab', '--shell', '')).toEqual(['default', 'cmdexe', 'powershell']);
    expect(await offered('slugify', 'x', '--format', 'd')).toEqual(['docker-tag']);
  });

  it('offers no options that a command only takes because all do', async () => {
    expect(await offered('cr', '')).toEqual(['login', 'logout']);
    expect(await offered('cr', 'login', '--d')).toEqual(['--docker-config']);
    expect(await offered('cr', 'login', '--pass')).toEqual(['--password', '--password-stdin']);
    expect(await offered('cr', 'logout', '--insecure')).toEqual([]);
  });
});

describe('completion in other shells', () => {
  it.each([
    ['zsh', ['#compdef slipway', "'render:print the rendered configuration'", '--log-format=[']],
    ['fish', ["complete -c slipway -n \"__slipway_at 'config'\" -f -a 'list'", '-l log-format -x']],
    ['powershell', ['Register-ArgumentCompleter -Native -CommandName slipway', ",@('--log-format',"]],
  ])('%s knows commands and options', async (shell, parts) => {
    const text = await script(shell);
    for (const part of parts) expect(text).toContain(part);
  });
});
