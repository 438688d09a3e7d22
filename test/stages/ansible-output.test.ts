import { describe, expect, it } from 'vitest';
import type { AnsibleTask } from '../../src/config/stapel-parts.ts';
import { ansibleOutput } from '../../src/stages/ansible-output.ts';
import { block, step } from './ansible-tasks.ts';

const inner = step('command', { command: 'false' }, 12);
const TASKS = new Map<number, AnsibleTask>([
  [6, step('apt', { name: 'tools', apt: { name: ['git'] } }, 8)],
  [7, step('copy', { copy: { dest: '/x', content: 'a\nb' } }, 10)],
  [8, block({}, { block: [inner] }, 11)],
  [10, inner],
  [13, step('command', { command: 'login --token 1', no_log: true }, 14)],
]);

/** Reads lines of which `@` begins those of the callback. */
function read(...lines: readonly string[]) {
  const output = ansibleOutput('werf-1', TASKS);
  const events = lines
    .flatMap((line) => output.read(line.replace(/^@/, 'werf-1 ')))
    .map((event) => {
      if (event.kind === 'line') return event.text;
      return event.kind === 'begin' ? `> ${event.title}` : event.failed ? '< failed' : '<';
    });
  return { events, failure: output.failure() };
}

describe('the output of a play', () => {
  it('is a block for each task, under its name as Ansible fills it in', () => {
    const { events } = read(
      'first',
      '@begin {"line": 6, "name": "tools of 12"}',
      'got it',
      '@end {"state": "changed"}',
      '@begin {"line": 7, "name": ""}',
      '@end {"state": "ok"}',
      'last',
    );
    expect(events).toEqual([
      'first',
      '> tools of 12',
      'got it',
      '<',
      '> copy dest=/x content=a b',
      '<',
      'last',
    ]);
  });

  it('shows no arguments of a task with no_log', () => {
    expect(read('@begin {"line": 13, "name": ""}').events).toEqual(['> command']);
  });

  it('ends a task of which nothing more is told when the next one begins', () => {
    expect(read('@begin {"line": 7, "name": "a"}', '@begin {"line": 6, "name": "b"}').events).toEqual([
      '> a',
      '<',
      '> b',
    ]);
  });

  it('takes what only looks like a mark for output', () => {
    const lines = [
      'werf-1',
      'werf-1 begin',
      'werf-1 begin {',
      'x werf-1 end {"state": "ok"}',
      'werf-1 end {no}',
    ];
    expect(read(...lines).events).toEqual(lines);
  });
});

describe('why a play failed', () => {
  it('is the task that failed, its place, and the end of its output', () => {
    const lines = Array.from({ length: 60 }, (_, i) => `line ${i}`);
    const { failure, events } = read(
      '@begin {"line": 10, "name": ""}',
      ...lines,
      '\u001b[0;31mfailed: exit status 1\u001b[0m',
      '@end {"message": "exit status 1", "state": "failed"}',
    );
    expect(events.at(-1)).toBe('< failed');
    expect(failure).toEqual({
      task: { title: 'command false', position: { file: 'werf.yaml', line: 12, column: 5 } },
      message: 'exit status 1',
      tail: lines.slice(11),
    });
  });

  it('is not a task that was rescued or ignored', () => {
    const { failure } = read(
      '@begin {"line": 10, "name": ""}',
      '@end {"state": "rescued"}',
      '@begin {"line": 6, "name": ""}',
      '@end {"message": "no such package", "state": "failed"}',
      '@begin {"line": 7, "name": "always"}',
      '@end {"state": "ok"}',
    );
    expect(failure).toMatchObject({ task: { title: 'tools' }, message: 'no such package' });
  });

  it('is the task under way when Ansible stops', () => {
    const { failure } = read('@begin {"line": 6, "name": "tools"}', 'half');
    expect(failure).toMatchObject({ task: { title: 'tools' }, tail: ['half'] });
    expect(failure?.message).toContain('ended');
  });

  it('is what Ansible refuses, at the line of werf.yaml, without our playbook', () => {
    const { failure, events } = read(
      '\u001b[0;31mERROR! conflicting action statements: copy, whenn\u001b[0m',
      '\u001b[0;31m\u001b[0m',
      "The error appears to be in '/.werf/ansible-workdir/playbook.yml': line 7, column 3, but may",
      'be elsewhere in the file depending on the exact syntax problem.',
      '  {"copy": 1, "whenn": 2},',
      '  ^ here',
    );
    expect(events).toEqual(['\u001b[0;31mERROR! conflicting action statements: copy, whenn\u001b[0m']);
    expect(failure).toEqual({
      task: { title: 'copy dest=/x content=a b', position: { file: 'werf.yaml', line: 10, column: 5 } },
      message: 'conflicting action statements: copy, whenn',
      tail: [],
    });
  });

  it('is what Ansible complains of in the middle of a task', () => {
    const { failure } = read(
      '@begin {"line": 6, "name": "tools"}',
      'x',
      "ERROR! The requested handler 'h' …",
      'more',
    );
    expect(failure).toMatchObject({
      task: { title: 'tools' },
      message: "The requested handler 'h' …\nmore",
      tail: ['x'],
    });
  });

  it('is unknown where nothing is told', () => expect(read('killed').failure).toBeNull());
});
