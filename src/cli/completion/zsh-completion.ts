import type { CompletedCommand, CompletedOption } from './completion-model.ts';

/** A script for zsh: a file named `_slipway` in a folder of `$fpath`, or `source <(slipway completion --shell zsh)`. */
export function zshCompletion(model: readonly CompletedCommand[]): string {
  const named = model.filter(({ name }) => name !== '').map(({ name }) => `'${name}'`);
  return `#compdef slipway
_slipway() {
  local command='' word joined
  for word in "\${(@)words[2,CURRENT-1]}"; do
    joined="\${command:+$command }$word"
    case "$joined" in
      ${named.join('|')}) command="$joined" ;;
    esac
  done
  local -a subcommands options
  case "$command" in
${model.map(caseOf).join('\n')}
  esac
  if (( \${#subcommands} )); then
    _describe 'command' subcommands
  elif (( \${#options} )); then
    _arguments -s : $options '*:argument:_files'
  fi
}
if [[ $funcstack[1] == _slipway ]]; then
  _slipway "$@"
else
  compdef _slipway slipway
fi
`;
}

function caseOf({ name, words, options }: CompletedCommand): string {
  const subcommands = words.map(({ word, summary }) => quoted(`${word}:${summary}`)).join(' ');
  const specifications = options.map((option) => quoted(specification(option))).join(' ');
  return `    '${name}') subcommands=(${subcommands}); options=(${specifications}) ;;`;
}

/** As _arguments reads it: \`--name=[what it means]:value:(choices)\`. */
function specification({ name, takesValue, choices, summary }: CompletedOption): string {
  const meaning = `[${summary.replace(/[[\]\\:]/g, '\\$&')}]`;
  if (!takesValue) return `--${name}${meaning}`;
  return `--${name}=${meaning}:value:${choices.length > 0 ? `(${choices.join(' ')})` : '_files'}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
