import type { CompletedCommand, CompletedOption } from './completion-model.ts';

/** A script for fish: `slipway completion --shell fish | source`. */
export function fishCompletion(model: readonly CompletedCommand[]): string {
  const named = model.filter(({ name }) => name !== '').map(({ name }) => quoted(name));
  const lines = model.flatMap((command) => [
    ...command.words.map(({ word, summary }) =>
      line(command.name, `-f -a ${quoted(word)} -d ${quoted(summary)}`),
    ),
    ...command.options.map((option) => line(command.name, optionText(option))),
  ]);
  return `# fish completion for slipway
function __slipway_command
  set -l found ''
  for word in (commandline -opc)[2..-1]
    set -l joined (string trim -- "$found $word")
    if contains -- $joined ${named.join(' ')}
      set found $joined
    end
  end
  echo $found
end
function __slipway_at
  test (__slipway_command) = "$argv[1]"
end
${lines.join('\n')}
`;
}

function line(command: string, rest: string): string {
  return `complete -c slipway -n "__slipway_at '${command}'" ${rest}`;
}

function optionText({ name, short, takesValue, choices, summary }: CompletedOption): string {
  const letter = short === null ? '' : ` -s ${short}`;
  const value = !takesValue ? '' : choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : ' -r';
  return `-l ${name}${letter}${value} -d ${quoted(summary)}`;
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
