import { nearest } from '../../diagnostics/nearest.ts';
import { quoted } from '../schema/section.ts';
import {
  ANSIBLE_LISTS,
  type AnsibleBlock,
  type AnsibleStep,
  type AnsibleTask,
  type JsonMapping,
  type JsonValue,
} from '../stapel-parts.ts';
import type { Path } from '../yaml/config-document.ts';
import { booleanOf, numberOf, PlainScalar } from '../yaml/plain-scalar.ts';
import { isMapping, type YamlMapping, type YamlValue } from '../yaml/value-tree.ts';
import { ansibleModules } from './ansible-modules.ts';
import { addProblem, type ImageReading, positionOf } from './image-reading.ts';

const CODE = 'CONFIG_ANSIBLE_TASK';

/** What reads further files: a stage has none but the configuration. */
const FILE_READERS: ReadonlySet<string> = new Set([
  'import_playbook',
  'import_role',
  'import_tasks',
  'include',
  'include_role',
  'include_tasks',
  'include_vars',
  'roles',
  'vars_files',
]);
const ONE_FILE =
  'write the tasks here, or keep them in a file below `.werf` and take them in by the template function `include`';

interface TaskReading {
  readonly reading: ImageReading;
  readonly modules: ReadonlySet<string>;
}

/** Checks that every task does exactly one thing that is known; everything else of a task passes through. */
export function readAnsibleTasks(
  reading: ImageReading,
  path: Path,
  tasks: readonly unknown[],
): readonly AnsibleTask[] {
  return readList({ reading, modules: new Set(ansibleModules()) }, path, tasks);
}

function readList(tasks: TaskReading, path: Path, list: readonly unknown[]): readonly AnsibleTask[] {
  return list.flatMap((task, i) => readTask(tasks, [...path, i], task) ?? []);
}

/** @returns null when it is none, of which a problem tells */
function readTask(tasks: TaskReading, path: Path, task: unknown): AnsibleTask | null {
  if (!isMapping(task)) {
    addProblem(tasks.reading, path, CODE, 'expected an Ansible task: a mapping');
    return null;
  }
  return task['block'] === undefined ? readStep(tasks, path, task) : readBlock(tasks, path, task);
}

function readStep({ reading, modules }: TaskReading, path: Path, task: YamlMapping): AnsibleStep | null {
  const used = Object.keys(task).filter((key) => modules.has(key));
  const [module] = used;
  if (module !== undefined && used.length === 1) {
    return { kind: 'step', module, fields: jsonMapping(task), position: positionOf(reading, path) };
  }
  const sections = { sections: [path] };
  if (used.length > 1) {
    addProblem(reading, path, CODE, `a task uses one module, this one has ${quoted(used)}`, sections);
    return null;
  }
  const reader = Object.keys(task).find((key) => FILE_READERS.has(lastPart(key)));
  if (reader === undefined) {
    const hint = moduleHint(Object.keys(task), modules);
    addProblem(reading, path, CODE, 'the task uses no supported module', { ...sections, hint });
  } else {
    const message = `\`${reader}\`: there are no roles and no files of tasks or variables in a stage`;
    addProblem(reading, path, CODE, message, { ...sections, hint: ONE_FILE });
  }
  return null;
}

function moduleHint(keys: readonly string[], modules: ReadonlySet<string>): string {
  const list = `supported modules: ${[...modules].join(' ')}`;
  const long = keys.find((key) => key.includes('.') && modules.has(lastPart(key)));
  if (long !== undefined) return `write \`${lastPart(long)}\` instead of \`${long}\`\n${list}`;
  const guess = keys.map((key) => nearest(key, modules)).find((found) => found !== null);
  return guess === undefined || guess === null ? list : `did you mean \`${guess}\`?\n${list}`;
}

/** Of `ansible.builtin.apt`, `apt`. */
function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function readBlock(tasks: TaskReading, path: Path, task: YamlMapping): AnsibleBlock {
  const { reading } = tasks;
  const lists = ANSIBLE_LISTS.flatMap((key) => {
    const inner = task[key];
    if (inner === undefined || inner === null) return [];
    if (Array.isArray(inner)) return [[key, readList(tasks, [...path, key], inner)]];
    addProblem(reading, [...path, key], CODE, `\`${key}\`: expected a list of Ansible tasks`);
    return [];
  });
  const fields = Object.entries(task).filter(([key]) => !ANSIBLE_LISTS.some((list) => list === key));
  return {
    kind: 'block',
    fields: jsonMapping(Object.fromEntries(fields)),
    lists: Object.fromEntries(lists),
    position: positionOf(reading, path),
  };
}

function jsonMapping(mapping: YamlMapping): JsonMapping {
  return Object.fromEntries(Object.entries(mapping).map(([key, value]) => [key, jsonOf(value)]));
}

function jsonOf(value: YamlValue): JsonValue {
  if (value === null || typeof value === 'string') return value;
  if (value instanceof PlainScalar) return scalarOf(value);
  return Array.isArray(value) ? value.map(jsonOf) : jsonMapping(value as YamlMapping);
}

/** A number that would be written in another way, such as `1.0`, stays text: it may be a version. */
function scalarOf(scalar: PlainScalar): JsonValue {
  if (scalar.kind === 'boolean') return booleanOf(scalar);
  if (scalar.kind === 'timestamp') return scalar.written;
  const number = numberOf(scalar);
  const isKept = scalar.kind === 'integer' ? Number.isSafeInteger(number) : isSameFloat(scalar, number);
  return isKept ? number : scalar.written;
}

function isSameFloat({ written }: PlainScalar, number: number): boolean {
  return Number.isFinite(number) && String(number) === written;
}
