import type { Command } from './command.ts';
import { COMMANDS } from './command-table.ts';
import { type Flag, SECTIONS, type Section } from './flag.ts';

const WIDTH = 100;
const INDENT = '          ';

/** What `slipway help` prints. @param prefix words that the listed commands begin with; '' lists all */
export function generalHelp(prefix: string): string {
  const listed = [
    ...COMMANDS.map(({ name, summary }) => ({ name, summary })),
    { name: 'help', summary: 'explain a command' },
  ].filter(({ name }) => prefix === '' || name.startsWith(`${prefix} `));
  const width = Math.max(...listed.map(({ name }) => name.length));
  return [
    'slipway turns a git commit into container images.',
    '',
    `Usage: slipway ${prefix === '' ? 'COMMAND' : `${prefix} SUBCOMMAND`} [OPTIONS]`,
    '',
    'Commands:',
    ...listed.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    '`slipway help COMMAND` explains a command and its options.',
    '',
  ].join('\n');
}

/** What `--help` prints: usage, description, examples, options by group, each with its variables. */
export function commandHelp(command: Command): string {
  const { name, positionals, description, examples, variables = [], flags } = command;
  const usage = ['slipway', name, positionals.usage, '[OPTIONS]'].filter((part) => part !== '').join(' ');
  const shown = Object.values(flags).filter(({ hidden }) => !hidden);
  const groups = (Object.keys(SECTIONS) as Section[]).flatMap((section) => {
    const own = shown.filter((flag) => flag.section === section);
    return own.length === 0 ? [] : ['', `${SECTIONS[section]}:`, ...own.flatMap(flagLines)];
  });
  const lines = [
    `Usage: ${usage}`,
    '',
    ...description.split('\n').flatMap((paragraph) => wrap(paragraph, WIDTH)),
    ...(examples.length > 0 ? ['', 'Examples:'] : []),
    ...examples.flatMap(({ line, explains }) => [`  # ${explains}`, `  ${line}`]),
    ...groups,
    ...(variables.length > 0 ? ['', 'Variables:'] : []),
    ...variables.flatMap(({ name, explains }) => [`  ${name}`, ...indented(explains)]),
  ];
  return `${lines.join('\n')}\n`;
}

/** `  -S, --synchronization ADDRESS`, below it what it means, default and variables. */
function flagLines(flag: Flag<unknown>): readonly string[] {
  const { name, short, form, placeholder, summary, env, fallbackText, status } = flag;
  const title = `  ${short === null ? '    ' : `-${short}, `}--${name}${placeholder === '' ? '' : ` ${placeholder}`}`;
  const notes = [
    ...(form === 'list' ? ['may be given several times'] : []),
    ...(fallbackText === '' || (form === 'toggle' && fallbackText === 'false')
      ? []
      : [`default: ${fallbackText}`]),
    ...(env.length === 0 ? [] : [`variable: ${env.map((variable) => `$${variable}`).join(', ')}`]),
    ...(status === 'unsupported' ? ['not supported yet'] : []),
    ...(status === 'inert' ? ['no effect yet'] : []),
  ];
  const text = notes.length === 0 ? summary : `${summary} (${notes.join('; ')})`;
  return [title, ...indented(text)];
}

function indented(text: string): readonly string[] {
  return wrap(text, WIDTH - INDENT.length).map((line) => `${INDENT}${line}`);
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
