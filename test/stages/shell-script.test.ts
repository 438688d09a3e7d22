import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readScriptLine, SCRIPT_PATH, stageScript } from '../../src/stages/shell-script.ts';

const TOKEN = 'werf-0123';

describe('the script of a stage', () => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'slipway-script-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  /** Runs it with this machine's bash; the path of the script is put in place of the one in containers. */
  const run = async (commands: readonly string[], shell: 'toolchain' | 'image' = 'toolchain') => {
    const file = join(directory, 'script.sh');
    const { text } = stageScript(commands, { token: TOKEN, shell });
    await writeFile(file, text.replaceAll(SCRIPT_PATH, file));
    const { stdout, status } = spawnSync(shell === 'image' ? '/bin/sh' : 'bash', [file], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines = stdout.split('\n').slice(0, -1);
    return { status, lines: lines.flatMap((line) => readScriptLine(line, TOKEN)) };
  };
  const text = (line: string) => ({ kind: 'text', text: line });
  const command = (index: number) => ({ kind: 'command', index });

  it('carries variables and directories on, and tells which command runs', async () => {
    const { lines, status } = await run(['x=1; cd /usr', 'echo "$x $PWD"']);
    expect(lines).toEqual([command(0), command(1), text('1 /usr')]);
    expect(status).toBe(0);
  });

  it('ends at the first failure, but not at one inside a pipe', async () => {
    const { lines, status } = await run([
      'false | true',
      'exit_status() { return 7; }\nexit_status',
      'echo no',
    ]);
    expect(lines).toEqual([command(0), command(1)]);
    expect(status).toBe(7);
  });

  it('keeps errors in their place among the output', async () => {
    const { lines } = await run(['echo a; echo b >&2; echo c']);
    expect(lines).toEqual([command(0), text('a'), text('b'), text('c')]);
  });

  it('finds its mark behind output without a line end', async () => {
    const { lines } = await run(['printf unfinished', 'echo next']);
    expect(lines).toEqual([command(0), text('unfinished'), command(1), text('next')]);
  });

  it('runs in bash although it is started by sh, where there is one', async () => {
    const { lines } = await run(['[[ -n $BASH_VERSION ]] && echo bash'], 'image');
    expect(lines).toEqual([command(0), text('bash')]);
  });

  it('leaves the options of the shell as they are but for -e', async () => {
    const { lines } = await run(['echo $-']);
    const plain = execFileSync('bash', ['-c', 'set -e; echo $-'], { encoding: 'utf8' }).trim();
    expect(lines[1]).toEqual(text(plain.replace('c', '')));
  });

  it('takes a line that only looks like a mark as output', () => {
    expect(readScriptLine(`${TOKEN} x`, TOKEN)).toEqual([text(`${TOKEN} x`)]);
    expect(readScriptLine('werf-9999 1', TOKEN)).toEqual([text('werf-9999 1')]);
  });
});
