import type { CompletedCommand } from './completion-model.ts';

/** A script for bash: `source <(slipway completion)`. */
export function bashCompletion(model: readonly CompletedCommand[]): string {
  const named = model.filter(({ name }) => name !== '').map(({ name }) => `'${name}'`);
  const options = new Map(model.flatMap((command) => command.options).map((option) => [option.name, option]));
  const choices = [...options.values()].filter((option) => option.choices.length > 0);
  return `# bash completion for slipway
_slipway() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}"
  local command='' candidates='' word index
  if [[ $previous == '=' ]]; then
    previous="\${COMP_WORDS[COMP_CWORD - 2]}"
  elif [[ $current == '=' ]]; then
    current=''
  fi
  case "$previous" in
${choices.map(({ name, choices: values }) => `    --${name}) candidates='${values.join(' ')}' ;;`).join('\n')}
  esac
  if [[ -z $candidates ]]; then
    for ((index = 1; index < COMP_CWORD; index++)); do
      word="\${command:+$command }\${COMP_WORDS[index]}"
      case "$word" in
        ${named.join('|')}) command="$word" ;;
      esac
    done
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
