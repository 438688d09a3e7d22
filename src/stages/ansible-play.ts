import type {
  AnsibleInstructions,
  AnsibleTask,
  JsonMapping,
  JsonValue,
  UserStage,
} from '../config/stapel-parts.ts';
import { ANSIBLE_LISTS } from '../config/stapel-parts.ts';
import callback from './ansible/slipway.py?raw';
import {
  ANSIBLE_DIRECTORY,
  ANSIBLE_SCRATCH,
  ansibleSettings,
  ENVIRONMENT,
  INVENTORY,
  MODULE_RUNNER,
  PLAYBOOK,
  PYTHON_WRAPPER,
  SHELL_WRAPPER,
  SUDO_WRAPPER,
  startScript,
} from './ansible-files.ts';
import { ansiblePlaybook } from './ansible-playbook.ts';
import { type Canonical, compareText } from './canonical.ts';
import { TOOLCHAIN_SHELL } from './shell-script.ts';

/** What a container needs to run the tasks of a stage, besides the toolchain with Ansible. */
export interface AnsiblePlay {
  readonly command: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly files: readonly {
    readonly target: string;
    readonly content: string;
    readonly executable: boolean;
  }[];
  /** Absolute path of the directory that must be writable and of which nothing is kept. */
  readonly scratch: string;
  /** Tasks by their lines in the playbook. @see ansibleOutput */
  readonly tasks: ReadonlyMap<number, AnsibleTask>;
}

/** What of Ansible is set for the whole run. */
export interface AnsibleSettings {
  /** Colours are shown. */
  readonly color: boolean;
  /** WERF_DEBUG_ANSIBLE_ARGS: further arguments of ansible-playbook, as a shell reads them. */
  readonly furtherArguments: string;
}

export interface AnsiblePlayOptions extends AnsibleSettings {
  /** Of the play, in Ansible's own messages. */
  readonly title: string;
  /** A word that no output holds. */
  readonly token: string;
}

export function ansiblePlay(tasks: readonly AnsibleTask[], options: AnsiblePlayOptions): AnsiblePlay {
  const { title, token, color, furtherArguments } = options;
  const playbook = ansiblePlaybook(title, tasks);
  const file = (name: string, content: string, executable = false) => ({
    target: `${ANSIBLE_DIRECTORY}/${name}`,
    content,
    executable,
  });
  return {
    command: [TOOLCHAIN_SHELL, '-p', `${ANSIBLE_DIRECTORY}/start`],
    env: new Map(furtherArguments === '' ? [] : [['WERF_DEBUG_ANSIBLE_ARGS', furtherArguments]]),
    files: [
      { target: PLAYBOOK, content: playbook.text, executable: false },
      file('ansible.cfg', ansibleSettings(token)),
      file('inventory', INVENTORY),
      file('callback_plugins/slipway.py', callback),
      file('environment', ENVIRONMENT),
      file('module.py', MODULE_RUNNER),
      file('python', PYTHON_WRAPPER, true),
      file('sh', SHELL_WRAPPER, true),
      file('start', startScript(color), true),
      file('sudo', SUDO_WRAPPER, true),
    ],
    scratch: ANSIBLE_SCRATCH,
    tasks: playbook.tasks,
  };
}

/** @see docs/reference/digests.md @param checksums of `stageDependencies`, for the stages that have them */
export function ansibleInputs(
  { tasks, stageCacheVersions, cacheVersion }: AnsibleInstructions,
  stage: UserStage,
  checksums: readonly string[],
): readonly Canonical[] {
  const written = canonicalJson(tasks[stage].map(writtenTask));
  return ['ansible', written, stageCacheVersions[stage], cacheVersion, ...checksums];
}

/** The task as it is in the configuration. */
function writtenTask(task: AnsibleTask): JsonMapping {
  if (task.kind === 'step') return task.fields;
  const lists = ANSIBLE_LISTS.flatMap((list) => {
    const inner = task.lists[list];
    return inner === undefined ? [] : [[list, inner.map(writtenTask)] as const];
  });
  return { ...task.fields, ...Object.fromEntries(lists) };
}

/** JSON without blanks, keys in the order of their code units. */
function canonicalJson(value: JsonValue): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const entries = Object.entries(value).sort(([a], [b]) => compareText(a, b));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonicalJson(each)}`).join(',')}}`;
}

function isList(value: readonly JsonValue[] | JsonMapping): value is readonly JsonValue[] {
  return Array.isArray(value);
}
