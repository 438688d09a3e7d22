import { ANSIBLE_LISTS, type AnsibleTask, type JsonMapping, type JsonValue } from '../config/stapel-parts.ts';

/** A playbook, and which task begins on which of its lines. */
export interface Playbook {
  readonly text: string;
  /** By number of the line, which counts from 1. */
  readonly tasks: ReadonlyMap<number, AnsibleTask>;
}

/**
 * The play of a stage. Every task begins on a line of its own, by which Ansible names it. It is written in the flow style
 * of YAML; were it JSON, Ansible would not know lines.
 */
export function ansiblePlaybook(title: string, tasks: readonly AnsibleTask[]): Playbook {
  const lines = ['---', '- hosts: all', '  gather_facts: no', `  name: ${quoted(title)}`, '  tasks: ['];
  const places = new Map<number, AnsibleTask>();
  writeTasks(lines, places, tasks);
  lines.push('    ]', '');
  return { text: lines.join('\n'), tasks: places };
}

function writeTasks(lines: string[], places: Map<number, AnsibleTask>, tasks: readonly AnsibleTask[]): void {
  for (const task of tasks) {
    places.set(lines.length + 1, task);
    const fields = entries(task.fields);
    if (task.kind === 'step') {
      lines.push(`    {${fields.join(', ')}},`);
      continue;
    }
    lines.push(`    {${fields.map((field) => `${field}, `).join('')}`);
    for (const list of ANSIBLE_LISTS) {
      const inner = task.lists[list];
      if (inner === undefined) continue;
      lines.push(`    ${list}: [`);
      writeTasks(lines, places, inner);
      lines.push('    ],');
    }
    lines.push('    },');
  }
}

function entries(mapping: JsonMapping): readonly string[] {
  return Object.entries(mapping).map(([key, value]) => `${quoted(key)}: ${flow(value)}`);
}

function flow(value: JsonValue): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return numeral(value);
  if (value === null || typeof value === 'boolean') return String(value);
  return isList(value) ? `[${value.map(flow).join(', ')}]` : `{${entries(value).join(', ')}}`;
}

function isList(value: readonly JsonValue[] | JsonMapping): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** In YAML 1.1, a number with an exponent has a point. */
function numeral(value: number): string {
  const text = String(value);
  return text.includes('.') ? text : text.replace('e', '.0e');
}

/** In ASCII: readers of YAML refuse some characters, and take halves of pairs for characters. */
function quoted(text: string): string {
  const inner = text.replace(/["\\]|[^ -~]/gu, (character) => {
    if (character === '"' || character === '\\') return `\\${character}`;
    if (character === '\n') return '\\n';
    return `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`;
  });
  return `"${inner}"`;
}
