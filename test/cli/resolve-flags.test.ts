import { describe, expect, it } from 'vitest';
import { choice, integer, list, text, toggle } from '../../src/cli/flag.ts';
import { hostFlags } from '../../src/cli/host-flags.ts';
import { repositoryFlags } from '../../src/cli/repository-flags.ts';
import { resolveFlags } from '../../src/cli/resolve-flags.ts';
import { UserError } from '../../src/diagnostics/user-error.ts';

const section = 'command';
const flags = {
  parallel: toggle('parallel', { section, summary: '', env: ['WERF_PARALLEL'], fallback: true }),
  quiet: toggle('log-quiet', { section, summary: '', env: ['WERF_LOG_QUIET', 'WERF_QUIET'] }),
  tags: list('tag', 'TAG', { section, summary: '', env: ['WERF_TAG_*'] }),
  limit: integer('limit', 5, { section, summary: '', env: ['WERF_LIMIT'], least: -1 }),
  color: choice('color', ['auto', 'on', 'off'], 'auto', { section, summary: '', env: ['WERF_COLOR'] }),
  token: text('token', 'TOKEN', { section, summary: '', env: ['WERF_TOKEN'], secret: true }),
  later: toggle('later', { section, summary: '', env: ['WERF_LATER'], status: 'unsupported' }),
  inert: toggle('inert', { section, summary: '', env: ['WERF_INERT'], status: 'inert' }),
};

function resolve(given: Record<string, string[]>, env: Record<string, string> = {}) {
  return resolveFlags(flags, new Map(Object.entries(given)), env);
}

function failure(given: Record<string, string[]>, env: Record<string, string> = {}): UserError {
  try {
    resolve(given, env);
  } catch (error) {
    if (error instanceof UserError) return error;
  }
  throw new Error('it was accepted');
}

describe('the value of an option', () => {
  it('comes from the command line, else from the variable, else from the default', () => {
    expect(resolve({ parallel: ['true'] }, { WERF_PARALLEL: '0' }).values.parallel).toBe(true);
    expect(resolve({}, { WERF_PARALLEL: '0' }).values.parallel).toBe(false);
    expect(resolve({}).values).toEqual({
      parallel: true,
      quiet: false,
      tags: [],
      limit: 5,
      color: 'auto',
      token: null,
      later: false,
      inert: false,
    });
  });

  it('is the last one given', () => {
    expect(resolve({ limit: ['1', '2'] }).values.limit).toBe(2);
  });

  it.each([
    ['1', true],
    ['true', true],
    ['yes', true],
    ['0', false],
    ['false', false],
    ['no', false],
  ])('of a boolean variable "%s" is %s', (value, expected) => {
    const { values, warnings } = resolve({}, { WERF_PARALLEL: value, WERF_LOG_QUIET: value });
    expect([values.parallel, values.quiet]).toEqual([expected, expected]);
    expect(warnings).toEqual([]);
  });

  it('is the default for an empty variable, and, with a warning, for one that is no boolean', () => {
    expect(resolve({}, { WERF_PARALLEL: '' })).toMatchObject({ values: { parallel: true }, warnings: [] });
    const { values, warnings } = resolve({}, { WERF_PARALLEL: 'on' });
    expect(values.parallel).toBe(true);
    expect(warnings.map(({ message }) => message)).toEqual([
      'WERF_PARALLEL="on" is none of 1, true, yes, 0, false, no: it is ignored',
    ]);
  });

  it('may come from an older variable', () => {
    expect(resolve({}, { WERF_QUIET: '1' }).values.quiet).toBe(true);
    expect(resolve({}, { WERF_QUIET: '1', WERF_LOG_QUIET: '0' }).values.quiet).toBe(false);
  });

  it('that is a list has the variables sorted by name, then what was given', () => {
    const env = { WERF_TAG_B: 'b', WERF_TAG_A: 'a', WERF_TAG_EMPTY: '', WERF_TAGS: 'no' };
    expect(resolve({ tag: ['z', 'y'] }, env).values.tags).toEqual(['a', 'b', 'z', 'y']);
    expect(resolve({}, env).values.tags).toEqual(['a', 'b']);
  });

  it('that is wrong is an error that names where it comes from, all of them at once', () => {
    expect(failure({ limit: ['x'] }).message).toBe('--limit: "x" is not a whole number of at least -1');
    expect(failure({}, { WERF_LIMIT: '-2' }).message).toBe(
      'WERF_LIMIT: "-2" is not a whole number of at least -1',
    );
    expect(failure({ color: ['red'] }).message).toBe('--color: "red" is none of auto, on, off');
    expect(failure({ parallel: ['maybe'] }).message).toBe('--parallel: "maybe" is none of true, false, 1, 0');
    expect(failure({ color: ['red'], limit: ['x'] }).problems).toHaveLength(2);
  });

  it('is told to be masked when it is secret', () => {
    expect(resolve({}, { WERF_TOKEN: 'hunter22' }).secrets).toEqual(['hunter22']);
  });
});

describe('an option that does nothing yet', () => {
  it('is refused when it asks for what cannot be done', () => {
    expect(failure({ later: ['true'] }).message).toBe('--later is not supported yet by this version');
    expect(failure({}, { WERF_LATER: '1' }).message).toBe(
      '--later (given by WERF_LATER) is not supported yet by this version',
    );
    expect(resolve({}, { WERF_LATER: '0' }).values.later).toBe(false);
  });

  it('warns when it only has no effect', () => {
    expect(resolve({ inert: ['1'] }).warnings.map(({ message }) => message)).toEqual([
      '--inert has no effect in this version',
    ]);
  });
});

describe('options of the product', () => {
  const host = (given: Record<string, string[]>, env: Record<string, string> = {}) =>
    resolveFlags(hostFlags, new Map(Object.entries(given)), env).values;
  const repositories = (given: Record<string, string[]>, env: Record<string, string> = {}) =>
    resolveFlags(repositoryFlags, new Map(Object.entries(given)), env);

  it('read platforms as lists with commas, each once and normalised', () => {
    expect(host({ platform: ['linux/amd64,arm64', 'linux/arm64/v8'] }).platform).toEqual([
      'linux/amd64',
      'linux/arm64',
    ]);
    expect(host({}, { DOCKER_DEFAULT_PLATFORM: 'linux/arm64' }).platform).toEqual(['linux/arm64']);
    expect(() => host({ platform: ['linux amd64'] })).toThrow('is not a platform');
  });

  it('let WERF_DOCKER_CONFIG win over DOCKER_CONFIG', () => {
    expect(host({}, { DOCKER_CONFIG: '/a', WERF_DOCKER_CONFIG: '/b' }).dockerConfig).toBe('/b');
  });

  it('parse --repo, and know the local storage by its address', () => {
    expect(repositories({ repo: ['docker://r.example.com/p'] }).values.repo).toBe('r.example.com/p');
    expect(repositories({ repo: [':local'] }).values.repo).toBe(':local');
    expect(() => repositories({ repo: ['r.example.com/p:tag'] })).toThrow('must not name a tag');
  });

  it('refuse lock servers', () => {
    expect(repositories({ synchronization: [':local'] }).values.synchronization).toEqual({ kind: 'local' });
    expect(() => repositories({ synchronization: ['https://x'] })).toThrow(
      'lock servers (https://) are not supported yet',
    );
  });

  it('mask vendor tokens', () => {
    const env = { WERF_REPO_GITHUB_TOKEN: 'ghp_secret', WERF_REPO_HARBOR_USERNAME: 'robot' };
    expect(repositories({}, env).secrets).toEqual(['ghp_secret']);
  });
});
