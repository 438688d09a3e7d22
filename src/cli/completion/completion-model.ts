import type { Command } from '../command.ts';

export interface CompletedOption {
  readonly name: string;
  readonly short: string | null;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  readonly summary: string;
}

/** What may follow some words of a command line. */
export interface CompletedCommand {
  /** `config`, `config render`; '' is the beginning. */
  readonly name: string;
  readonly words: readonly { readonly word: string; readonly summary: string }[];
  readonly options: readonly CompletedOption[];
}

/** Everything that a shell can complete, from the commands themselves; the beginning comes first. */
export function completionModel(commands: readonly Command[]): readonly CompletedCommand[] {
  const groups = new Set(['', ...commands.map(({ name }) => name.split(' ').slice(0, -1).join(' '))]);
  const ofGroup = (group: string): CompletedCommand => ({
    name: group,
    words: wordsAfter(group, commands),
    options: [],
  });
  return [...[...groups].map(ofGroup), ...commands.map(ofCommand)];
}

function ofCommand({ name, flags }: Command): CompletedCommand {
  const options = Object.values(flags)
    .filter(({ hidden }) => !hidden)
    .map((flag) => ({
      name: flag.name,
      short: flag.short,
      takesValue: flag.form !== 'toggle',
      choices: flag.choices,
      summary: flag.summary,
    }));
  const help = { name: 'help', short: 'h', takesValue: false, choices: [], summary: 'explain this command' };
  return { name, words: [], options: [...options, help] };
}

function wordsAfter(group: string, commands: readonly Command[]): CompletedCommand['words'] {
  const start = group === '' ? '' : `${group} `;
  const words = new Map<string, string>();
  for (const { name, summary } of commands.filter((command) => command.name.startsWith(start))) {
    const [word = '', ...more] = name.slice(start.length).split(' ');
    if (!words.has(word)) words.set(word, more.length > 0 ? `commands about ${word}` : summary);
  }
  if (group === '') words.set('help', 'explain a command');
  return [...words].map(([word, summary]) => ({ word, summary }));
}
