import type { TerminalEvents, TerminalSize, UserTerminal } from '../../src/engine/terminal-link.ts';

/** Somebody at a terminal who answers what appears there. */
export interface ScriptedUser extends UserTerminal {
  /** Everything that was shown. */
  shown(): string;
  isTaken(): boolean;
  /** How often the terminal was taken. */
  taken(): number;
  resize(size: TerminalSize): void;
  press(keys: string): void;
}

/** @param answers in their order: what has to appear, and what is typed then */
export function scriptedUser(answers: readonly (readonly [RegExp, string])[] = []): ScriptedUser {
  let shown = '';
  let from = 0;
  let next = 0;
  let taken = 0;
  let size: TerminalSize = { columns: 91, rows: 17 };
  let events: TerminalEvents | null = null;
  const answer = () => {
    for (;;) {
      const [wanted, keys] = answers[next] ?? [];
      const found = wanted?.exec(shown.slice(from));
      if (!found || keys === undefined) return;
      from += found.index + found[0].length;
      next++;
      events?.keys(Buffer.from(keys));
    }
  };
  return {
    term: 'xterm',
    size: () => size,
    take(hears) {
      taken++;
      events = hears;
      return {
        write(bytes) {
          shown += bytes.toString();
          answer();
        },
        release() {
          events = null;
        },
      };
    },
    shown: () => shown,
    isTaken: () => events !== null,
    taken: () => taken,
    resize(now) {
      size = now;
      events?.resized();
    },
    press: (keys) => events?.keys(Buffer.from(keys)),
  };
}
