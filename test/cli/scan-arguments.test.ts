import { describe, expect, it } from 'vitest';
import { integer, list, text, toggle } from '../../src/cli/flag.ts';
import { scanArguments } from '../../src/cli/scan-arguments.ts';
import { UserError } from '../../src/diagnostics/user-error.ts';

const section = 'command';
const flags = {
  parallel: toggle('parallel', { section, short: 'p', summary: '', fallback: true }),
  strict: toggle('require-built-images', { section, short: 'Z', summary: '' }),
  sync: text('synchronization', 'ADDRESS', { section, short: 'S', summary: '' }),
  limit: integer('parallel-tasks-limit', 5, { section, least: -1, summary: '' }),
  cache: list('cache-repo', 'ADDRESS', { section, summary: '' }),
};

function scan(...args: string[]) {
  const { positionals, rest, given } = scanArguments(args, flags);
  return { positionals, rest, given: Object.fromEntries(given) };
}

function failure(...args: string[]): UserError {
  try {
    scan(...args);
  } catch (error) {
    if (error instanceof UserError) return error;
  }
  throw new Error('it was accepted');
}

describe('scanning arguments', () => {
  it('takes options anywhere before --', () => {
    expect(scan('app', '--parallel-tasks-limit', '3', 'web', '-Z', '--', '--parallel', 'x')).toEqual({
      positionals: ['app', 'web'],
      rest: ['--parallel', 'x'],
      given: { 'parallel-tasks-limit': ['3'], 'require-built-images': ['true'] },
    });
  });

  it('never takes the next word as the value of a switch', () => {
    expect(scan('--parallel', 'app')).toEqual({
      positionals: ['app'],
      rest: null,
      given: { parallel: ['true'] },
    });
    expect(scan('--parallel=false', 'app').given).toEqual({ parallel: ['false'] });
    expect(scan('-p=0').given).toEqual({ parallel: ['0'] });
  });

  it('reads short options in every form', () => {
    const same = { synchronization: [':local'] };
    expect(scan('-S', ':local').given).toEqual(same);
    expect(scan('-S:local').given).toEqual(same);
    expect(scan('-S=:local').given).toEqual(same);
    expect(scan('-pZ').given).toEqual({ parallel: ['true'], 'require-built-images': ['true'] });
    expect(scan('-pS', ':local').given).toEqual({ parallel: ['true'], ...same });
  });

  it('keeps every value of an option in order, equals signs included', () => {
    expect(scan('--cache-repo=a=b', '--cache-repo', 'c').given).toEqual({ 'cache-repo': ['a=b', 'c'] });
  });

  it('takes negative numbers and a lone dash as words', () => {
    expect(scan('--parallel-tasks-limit', '-1').given).toEqual({ 'parallel-tasks-limit': ['-1'] });
    expect(scan('-').positionals).toEqual(['-']);
  });

  it('suggests the nearest option for an unknown one', () => {
    expect(failure('--paralel').message).toBe('unknown option --paralel');
    expect(failure('--paralel').hint).toBe('did you mean --parallel?');
    expect(failure('--xyzzy=1').message).toBe('unknown option --xyzzy');
    expect(failure('-q').message).toBe('unknown option -q');
    expect(failure('-pq').code).toBe('CLI_UNKNOWN_OPTION');
  });

  it('says when a value is missing', () => {
    expect(failure('--synchronization').message).toBe('option --synchronization needs a value');
    expect(failure('--synchronization', '--parallel').hint).toBe(
      'if "--parallel" is the value, write --synchronization=--parallel',
    );
  });
});
