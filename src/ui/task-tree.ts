/** A line of the log with its place in the nest of tasks. */
export interface TreeLine {
  /**
   * header, footer: the title above and below a task's lines; inline: a task that had none;
   * text: free text; details: kept as it is, never wrapped.
   */
  readonly form: 'header' | 'footer' | 'inline' | 'text' | 'details';
  /** How many tasks it is inside of; headers and footers: their task does not count. */
  readonly depth: number;
  readonly text: string;
  readonly image: string | null;
  /** Milliseconds: when it happened. */
  readonly at: number;
  /** Milliseconds; null where time means nothing. */
  readonly duration: number | null;
  readonly failed: boolean;
}

export type TreeText = Pick<TreeLine, 'form' | 'text' | 'at'> & { readonly image?: string };

interface Ended {
  readonly failed: boolean;
  /** null: a block of lines, which took no time. */
  readonly duration: number | null;
  readonly at: number;
}

interface Node {
  readonly id: string;
  readonly title: string;
  readonly depth: number;
  readonly image: string | null;
  readonly at: number;
  readonly parent: Node | null;
  /** What happened while it was not its turn to be written. */
  readonly queue: (Node | TreeText)[];
  /** The part of it that is being written. */
  current: Node | null;
  isWritten: boolean;
  hasHeader: boolean;
  ended: Ended | null;
}

export interface TaskTree {
  start(task: { id: string; parent?: string; image?: string; title: string; at: number }): void;
  end(id: string, ended: Ended): void;
  /** A line of a task; of none, when the task is not known. */
  add(task: string | undefined, text: TreeText): void;
  /** A title above and below some lines. */
  block(title: string, lines: readonly string[], at: number): void;
  /** A line that does not wait for its turn. */
  interject(text: TreeText): void;
  /** Shows that a silent task has begun. */
  open(id: string): void;
  /** Writes what still waits. */
  flush(): void;
}

export interface TaskTreeOptions {
  /** Write the oldest running task as it goes; else every task at the top is written whole when it has ended. */
  readonly streaming: boolean;
  write(line: TreeLine): void;
}

/**
 * Brings what several tasks tell at the same time into one order in which no task's lines are mixed with those of
 * another: inside each task one part is written at a time, the others wait.
 */
export function taskTree({ streaming, write }: TaskTreeOptions): TaskTree {
  const root = node({ id: '', title: '', depth: -1, image: null, at: 0, parent: null });
  root.isWritten = true;
  root.hasHeader = true;
  const nodes = new Map<string, Node>();
  let blocks = 0;
  const mayWriteNow = (item: Node | TreeText, inside: Node) =>
    streaming || inside !== root || !isNode(item) || item.ended !== null;

  const line = (text: TreeText, inside: Node) => {
    openHeaders(inside, write);
    write(lineOf(text, inside));
  };
  const put = (inside: Node, item: Node | TreeText) => {
    inside.queue.push(item);
    if (inside.isWritten) drain(inside);
  };
  const drain = (inside: Node) => {
    while (inside.current === null) {
      const index = nextIndex(inside, inside === root, mayWriteNow);
      const [item] = index < 0 ? [] : inside.queue.splice(index, 1);
      if (!item) break;
      if (!isNode(item)) line(item, inside);
      else writeNode(item, inside);
    }
    if (inside.ended && inside.isWritten && inside.current === null && inside.queue.length === 0)
      finish(inside);
  };
  const writeNode = (item: Node, inside: Node) => {
    inside.current = item;
    item.isWritten = true;
    drain(item);
  };
  const finish = (ended: Node) => {
    if (ended.parent?.current !== ended) return;
    openHeaders(ended.parent, write);
    write(footerOf(ended));
    ended.parent.current = null;
    drain(ended.parent);
  };
  const begin = (parent: Node, id: string, title: string, image: string | null, at: number) => {
    const created = node({ id, title, depth: parent.depth + 1, image: image ?? parent.image, at, parent });
    nodes.set(id, created);
    put(parent, created);
  };
  const stop = (id: string, ended: Ended) => {
    const found = nodes.get(id);
    if (!found) return;
    nodes.delete(id);
    found.ended = ended;
    drain(found.isWritten ? found : root);
  };

  return {
    start: ({ id, parent, image, title, at }) =>
      begin(nodes.get(parent ?? '') ?? root, id, title, image ?? null, at),
    end: stop,
    add: (task, text) => put(nodes.get(task ?? '') ?? root, text),
    block(title, lines, at) {
      const id = `block ${blocks++}`;
      begin(root, id, title, null, at);
      for (const text of lines) put(nodes.get(id) ?? root, { form: 'details', text, at });
      stop(id, { failed: false, duration: null, at });
    },
    // It belongs to nobody who is written at this moment.
    interject: (text) => write({ ...lineOf(text, deepestOpen(root)), image: text.image ?? null }),
    open(id) {
      const found = nodes.get(id);
      if (found?.isWritten) openHeaders(found, write);
    },
    flush() {
      for (const left of [...nodes.values()].reverse())
        stop(left.id, { failed: true, duration: null, at: left.at });
    },
  };
}

function node(of: Pick<Node, 'id' | 'title' | 'depth' | 'image' | 'at' | 'parent'>): Node {
  return { ...of, queue: [], current: null, isWritten: false, hasHeader: false, ended: null };
}

function isNode(item: Node | TreeText): item is Node {
  return 'queue' in item;
}

/** At the top, what has ended goes before what still runs. */
function nextIndex(
  inside: Node,
  isRoot: boolean,
  mayWriteNow: (item: Node | TreeText, inside: Node) => boolean,
): number {
  if (isRoot) {
    const done = inside.queue.findIndex((item) => !isNode(item) || item.ended !== null);
    if (done >= 0) return done;
  }
  return inside.queue.findIndex((item) => mayWriteNow(item, inside));
}

function openHeaders(inside: Node, write: (line: TreeLine) => void): void {
  if (inside.hasHeader) return;
  if (inside.parent) openHeaders(inside.parent, write);
  inside.hasHeader = true;
  const { depth, title, image, at } = inside;
  write({ form: 'header', depth, text: title, image, at, duration: null, failed: false });
}

function lineOf({ form, text, at, image }: TreeText, inside: Node): TreeLine {
  const depth = inside.depth + 1;
  return { form, depth, text, image: image ?? inside.image, at, duration: null, failed: false };
}

function footerOf({ hasHeader, depth, title, image, ended }: Node): TreeLine {
  const { at, duration, failed } = ended ?? { at: 0, duration: null, failed: false };
  return { form: hasHeader ? 'footer' : 'inline', depth, text: title, image, at, duration, failed };
}

function deepestOpen(from: Node): Node {
  return from.current?.hasHeader ? deepestOpen(from.current) : from;
}
