import type { AnsibleTask, JsonMapping, JsonValue } from '../config/stapel-parts.ts';
import type { Position } from '../diagnostics/problem.ts';
import { PLAYBOOK } from './ansible-files.ts';

/** What a line of Ansible's output means to a reader. */
export type AnsibleEvent =
  /** A task begins. */
  | { readonly kind: 'begin'; readonly title: string }
  /** Of the task that runs, or of none. */
  | { readonly kind: 'line'; readonly text: string }
  /** The task has ended. */
  | { readonly kind: 'end'; readonly failed: boolean };

/** What ended a play. */
export interface AnsibleFailure {
  /** null: it is about no task in particular. */
  readonly task: { readonly title: string; readonly position: Position } | null;
  readonly message: string;
  /** Last lines of the task's output, without colours and the message. */
  readonly tail: readonly string[];
}

/** Takes the lines of a play's output one after the other. */
export interface AnsibleOutput {
  read(line: string): readonly AnsibleEvent[];
  /** Why the play failed, as far as its output tells; only asked when it did. */
  failure(): AnsibleFailure | null;
}

/** Lines that are kept of a task's output, to be shown when it fails. */
const TAIL = 50;
/** Characters of a title that is made of arguments. */
const TITLE = 72;

/** A task under way, with its last lines. */
interface Running {
  readonly title: string;
  readonly task: AnsibleTask | null;
  readonly tail: string[];
}

/** What Ansible itself complains of. */
interface Complaint {
  readonly lines: string[];
  about: Running | null;
  /** What follows shows lines of our playbook, which nobody wrote. */
  closed: boolean;
}

const COMPLAINT = /^(?:ERROR! |\[ERROR\]: )(.*)/;
const PLACE = new RegExp(`^The error appears to be in '${PLAYBOOK}': line (\\d+), column \\d+`);

/**
 * @param token with which the lines of our callback begin
 * @param tasks by their lines in the playbook
 */
export function ansibleOutput(token: string, tasks: ReadonlyMap<number, AnsibleTask>): AnsibleOutput {
  let running: Running | null = null;
  let failed: AnsibleFailure | null = null;
  let complaint: Complaint | null = null;

  const begin = (facts: JsonMapping): readonly AnsibleEvent[] => {
    const task = tasks.get(Number(facts['line'])) ?? null;
    const name = textOf(facts['name']);
    // One of which no result was told.
    const before: readonly AnsibleEvent[] = running ? [{ kind: 'end', failed: false }] : [];
    running = { title: name === '' ? titleOf(task) : name, task, tail: [] };
    return [...before, { kind: 'begin', title: running.title }];
  };
  const end = (facts: JsonMapping): readonly AnsibleEvent[] => {
    const isFailed = facts['state'] === 'failed';
    if (isFailed) failed = failureOf(running, textOf(facts['message']));
    running = null;
    return [{ kind: 'end', failed: isFailed }];
  };
  const complain = ({ lines, closed }: Complaint, plain: string, line: string): readonly AnsibleEvent[] => {
    const place = PLACE.exec(plain);
    if (!closed && !place) lines.push(plain);
    if (place && complaint) {
      const task = tasks.get(Number(place[1]));
      if (task) complaint.about = { title: titleOf(task), task, tail: [] };
      complaint.closed = true;
    }
    return closed || place || plain.trim() === '' ? [] : [{ kind: 'line', text: line }];
  };

  return {
    read(line) {
      const mark = markOf(line, token);
      if (mark) return mark.word === 'begin' ? begin(mark.facts) : end(mark.facts);
      const plain = withoutColors(line);
      const first = COMPLAINT.exec(plain);
      if (first) complaint = { lines: [], about: running, closed: false };
      if (complaint) return complain(complaint, first?.[1] ?? plain, line);
      if (running) keep(running.tail, plain);
      return [{ kind: 'line', text: line }];
    },
    failure() {
      if (complaint) return failureOf(complaint.about, complaint.lines.join('\n').trim());
      return failed ?? (running ? failureOf(running, 'Ansible ended in the middle of it') : null);
    },
  };
}

function keep(tail: string[], line: string): void {
  tail.push(line);
  if (tail.length > TAIL) tail.shift();
}

function failureOf(running: Running | null, message: string): AnsibleFailure {
  const { task, title, tail } = running ?? { task: null, title: '', tail: [] };
  return { task: task && { title, position: task.position }, message, tail: withoutMessage(tail, message) };
}

/** The callback tells the message among the output too. */
function withoutMessage(tail: readonly string[], message: string): readonly string[] {
  const told = `failed: ${message}`.split('\n');
  const at = tail.findIndex((_, i) => told.every((line, j) => tail[i + j] === line));
  return at < 0 ? tail : tail.toSpliced(at, told.length);
}

/** A task without a name is called by its module and arguments, as far as they are no secret. */
function titleOf(task: AnsibleTask | null): string {
  if (task === null) return 'task';
  const name = textOf(task.fields['name']);
  if (name !== '') return name;
  if (task.kind === 'block') return 'block';
  const { module, fields } = task;
  const isSecret = fields['no_log'] !== undefined && fields['no_log'] !== false;
  const words = isSecret ? '' : argumentsText(fields[module] ?? null);
  const title = `${module} ${words}`.replace(/\s+/g, ' ').trim();
  return title.length > TITLE ? `${title.slice(0, TITLE - 1)}…` : title;
}

function argumentsText(value: JsonValue): string {
  if (value === null) return '';
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return value.map(argumentsText).join(' ');
  return Object.entries(value)
    .map(
      ([name, argument]) => `${name}=${typeof argument === 'object' ? JSON.stringify(argument) : argument}`,
    )
    .join(' ');
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** The line of our callback; null when it is one of somebody else. */
function markOf(
  line: string,
  token: string,
): { readonly word: 'begin' | 'end'; readonly facts: JsonMapping } | null {
  if (!line.startsWith(`${token} `)) return null;
  const [, word, json = ''] = /^(begin|end) (\{.*\})$/.exec(line.slice(token.length + 1)) ?? [];
  if (word !== 'begin' && word !== 'end') return null;
  try {
    return { word, facts: JSON.parse(json) as JsonMapping };
  } catch {
    return null;
  }
}

function withoutColors(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what is looked for.
  return line.replace(/\u001b\[[0-9;]*m/g, '');
}
