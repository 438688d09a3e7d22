import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { JsonMapping } from '../../src/config/stapel-parts.ts';
import { ansiblePlaybook } from '../../src/stages/ansible-playbook.ts';
import { block, step } from './ansible-tasks.ts';

const read = (text: string): unknown => parse(text, { version: '1.1' });

describe('a playbook', () => {
  it('is one play on the container itself that gathers no facts', () => {
    const { text } = ansiblePlaybook('install', [step('command', { name: 'it', command: 'make' })]);
    expect(read(text)).toEqual([
      { hosts: 'all', gather_facts: false, name: 'install', tasks: [{ name: 'it', command: 'make' }] },
    ]);
  });

  it('begins every task, in blocks too, on a line of its own', () => {
    const inner = step('command', { command: 'a\nb' }, 3);
    const rescue = step('debug', { debug: { msg: 'x' } }, 5);
    const outer = block({ when: 'ok' }, { block: [inner], rescue: [rescue] }, 2);
    const last = step('meta', { meta: 'noop' }, 6);
    const { text, tasks } = ansiblePlaybook('install', [outer, last]);
    const lines = text.split('\n');
    const begins = [...tasks].map(([line, task]) => [lines[line - 1]?.trim().slice(0, 12), task]);
    expect(begins).toEqual([
      ['{"when": "ok', outer],
      ['{"command": ', inner],
      ['{"debug": {"', rescue],
      ['{"meta": "no', last],
    ]);
    expect(read(text)).toMatchObject([
      {
        tasks: [
          { when: 'ok', block: [{ command: 'a\nb' }], rescue: [{ debug: { msg: 'x' } }] },
          { meta: 'noop' },
        ],
      },
    ]);
  });

  it('is no JSON, or Ansible would not know its lines', () => {
    const { text } = ansiblePlaybook('install', []);
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
  });

  it('holds any text and any number as they are, in ASCII', () => {
    const value = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constant(null),
        fc.boolean(),
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
        fc.string({ unit: 'binary' }),
        fc.constantFrom(
          'yes',
          '~',
          '1.0',
          '{{ item }}',
          '"a" \\ b',
          '\u0085\u2028\ufeff\u007f',
          '😀',
          '- x: #',
        ),
        fc.array(tie('value')),
        fc.dictionary(fc.string({ unit: 'binary' }), tie('value'), { noNullPrototype: true }),
      ),
    })).value;
    fc.assert(
      fc.property(value, (any) => {
        const { text } = ansiblePlaybook('install', [step('debug', { debug: any } as JsonMapping)]);
        expect(text).toMatch(/^[\n -~]*$/);
        expect(read(text)).toEqual([expect.objectContaining({ tasks: [{ debug: any }] })]);
      }),
    );
  });
});
