import { describe, expect, it } from 'vitest';
import { findCommand } from '../../src/cli/find-command.ts';
import { UserError } from '../../src/diagnostics/user-error.ts';

const takesValue = async (option: string) => option === '--dir' || option === '-S';

async function find(...args: string[]) {
  const found = await findCommand(args, takesValue);
  return found.kind === 'command' ? { name: found.entry.name, args: found.args } : found;
}

async function refusal(...args: string[]): Promise<UserError> {
  const error: unknown = await find(...args).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof UserError) return error;
  throw new Error('it was accepted');
}

describe('finding the command', () => {
  it('takes the first words, and leaves the rest to it', async () => {
    expect(await find('build', 'app', '--dir', 'x')).toEqual({ name: 'build', args: ['app', '--dir', 'x'] });
    expect(await find('config', 'render', 'app')).toEqual({ name: 'config render', args: ['app'] });
    expect(await find('stage', 'image', 'app')).toEqual({ name: 'stage image', args: ['app'] });
  });

  it('lets options stand in front and between, with their values', async () => {
    expect(await find('--dir', 'build', 'config', '-S', ':local', 'list', 'x')).toEqual({
      name: 'config list',
      args: ['--dir', 'build', '-S', ':local', 'x'],
    });
    expect(await find('--dir=x', 'build')).toEqual({ name: 'build', args: ['--dir=x'] });
  });

  it('points to what locks builders in place of a lock server', async () => {
    await expect(find('synchronization')).rejects.toMatchObject({
      code: 'CLI_ELSEWHERE',
      hint: expect.stringContaining('etcd://'),
    });
  });

  it('says when there is none', async () => {
    expect(await find()).toEqual({ kind: 'group', prefix: '', args: [] });
    expect(await find('config', '--dir', 'x')).toEqual({
      kind: 'group',
      prefix: 'config',
      args: ['--dir', 'x'],
    });
  });

  it('suggests the nearest command', async () => {
    expect((await refusal('biuld')).hint).toBe('did you mean "build"?');
    expect((await refusal('config', 'rendr')).hint).toBe('did you mean "config render"?');
    expect((await refusal('frobnicate')).hint).toBe('see `slipway help` for all commands');
  });

  it('tells later commands and commands of other tools apart', async () => {
    expect((await refusal('cleanup')).message).toBe('"cleanup" is not supported yet by this version');
    expect((await refusal('includes', 'update')).message).toBe(
      '"includes update" is not supported yet by this version',
    );
    const helm = await refusal('helm', 'upgrade');
    expect(helm.message).toContain('not part of this tool');
    expect(helm.hint).toContain('--save-build-report');
    expect(helm.exitCode).toBe(1);
  });
});
