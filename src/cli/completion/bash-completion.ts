import type { CompletedCommand } from './completion-model.ts';

/** A script for bash: `source <(slipway completion)`. */
export function bashCompletion(model: readonly CompletedCommand[]): string {
  const named = model.filter(({ name }) => name !== '').map(({ name }) => `'${name}'`);
  return `# bash completion for slipway
_slipway() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}"
  local command='' candidates='' word index
  if [[ $previous == '=' ]]; then
    previous="\${COMP_WORDS[COMP_CWORD - 2]}"
  elif [[ $current == '=' ]]; then
    current=''
  fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${command:+$command }\${COMP_WORDS[index]}"
    case "$word" in
      ${named.join('|')}) command="$word" ;;
    esac
  done
  case "$command $previous" in
${valuesOf(model).join('\n')}
  esac
  if [[ -z $candidates ]]; then
    case "$command" in
${model.map((command) => `      '${command.name}') candidates='${wordsOf(command).join(' ')}' ;;`).join('\n')}
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$current")
}
complete -o default -F _slipway slipway
`;
}

function wordsOf({ words, options }: CompletedCommand): readonly string[] {
  return [...words.map(({ word }) => word), ...options.map(({ name }) => `--${name}`)];
}

/** The values of options; the same option may have others in another command. */
function valuesOf(model: readonly CompletedCommand[]): readonly string[] {
  const commands = new Map<string, Map<string, string[]>>();
  for (const { name: command, options } of model) {
    for (const { name, choices } of options) {
      if (choices.length === 0) continue;
      const byValues = commands.get(name) ?? new Map<string, string[]>();
      const values = choices.join(' ');
      byValues.set(values, [...(byValues.get(values) ?? []), command]);
      commands.set(name, byValues);
    }
  }
  return [...commands].flatMap(([name, byValues]) =>
    [...byValues].map(([values, of]) => {
      const patterns =
        byValues.size === 1 ? [`*' --${name}'`] : of.map((command) => `'${command} --${name}'`);
      return `    ${patterns.join('|')}) candidates='${values}' ;;`;
    }),
  );
}
