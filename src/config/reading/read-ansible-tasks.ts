import { nearest } from '../../diagnostics/nearest.ts';
import { quoted } from '../schema/section.ts';
import type { AnsibleTask, JsonValue } from '../stapel-parts.ts';
import type { Path } from '../yaml/config-document.ts';
import { booleanOf, numberOf, PlainScalar } from '../yaml/plain-scalar.ts';
import { isMapping, type YamlMapping, type YamlValue } from '../yaml/value-tree.ts';
import { ansibleModules } from './ansible-modules.ts';
import { addProblem, type ImageReading } from './image-reading.ts';

const CODE = 'CONFIG_ANSIBLE_TASK';

/** Checks that every task does exactly one thing that is known; everything else of a task passes through. */
export function readAnsibleTasks(
  reading: ImageReading,
  path: Path,
  tasks: readonly unknown[],
): readonly AnsibleTask[] {
  const modules = new Set(ansibleModules());
  return tasks.flatMap((task, i) => readTask(reading, [...path, i], task, modules));
}

function readTask(
  reading: ImageReading,
  path: Path,
  task: unknown,
  modules: ReadonlySet<string>,
): readonly AnsibleTask[] {
  if (!isMapping(task)) {
    addProblem(reading, path, CODE, 'expected an Ansible task: a mapping');
    return [];
  }
  if (task['block'] === undefined) checkModule(reading, path, task, modules);
  else checkBlock(reading, path, task, modules);
  return [jsonMapping(task)];
}

function checkModule(
  reading: ImageReading,
  path: Path,
  task: YamlMapping,
  modules: ReadonlySet<string>,
): void {
  const used = Object.keys(task).filter((key) => modules.has(key));
  if (used.length === 1) return;
  const sections = { sections: [path] };
  if (used.length > 1) {
    addProblem(reading, path, CODE, `a task uses one module, this one has ${quoted(used)}`, sections);
    return;
  }
  const guess = Object.keys(task)
    .map((key) => nearest(key, modules))
    .find((found) => found !== null);
  const list = `supported modules: ${[...modules].join(' ')}`;
  const hint = guess === undefined || guess === null ? list : `did you mean \`${guess}\`?\n${list}`;
  addProblem(reading, path, CODE, 'the task uses no supported module', { ...sections, hint });
}

function checkBlock(
  reading: ImageReading,
  path: Path,
  task: YamlMapping,
  modules: ReadonlySet<string>,
): void {
  for (const key of ['block', 'rescue', 'always']) {
    const inner = task[key];
    if (inner === undefined || inner === null) continue;
    if (!Array.isArray(inner)) {
      addProblem(reading, [...path, key], CODE, `\`${key}\`: expected a list of Ansible tasks`);
      continue;
    }
    inner.forEach((each, i) => {
      readTask(reading, [...path, key, i], each, modules);
    });
  }
}

function jsonMapping(mapping: YamlMapping): { readonly [key: string]: JsonValue } {
  return Object.fromEntries(Object.entries(mapping).map(([key, value]) => [key, jsonOf(value)]));
}

function jsonOf(value: YamlValue): JsonValue {
  if (value === null || typeof value === 'string') return value;
  if (value instanceof PlainScalar) return scalarOf(value);
  return Array.isArray(value) ? value.map(jsonOf) : jsonMapping(value as YamlMapping);
}

function scalarOf(scalar: PlainScalar): JsonValue {
  if (scalar.kind === 'boolean') return booleanOf(scalar);
  const number = scalar.kind === 'timestamp' ? Number.NaN : numberOf(scalar);
  return Number.isFinite(number) ? number : scalar.written;
}
