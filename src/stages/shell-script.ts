/** Where the toolchain is seen in build containers, and its shell. */
export const TOOLCHAIN_DIRECTORY = '/.werf/stapel';
export const TOOLCHAIN_SHELL = `${TOOLCHAIN_DIRECTORY}/embedded/bin/bash`;
export const SCRIPT_PATH = '/.werf/script.sh';

export interface StageScript {
  /** The file's text. */
  readonly text: string;
  /** How it is started. */
  readonly command: readonly string[];
}

/**
 * One script of all commands of a stage. In front of each command it prints a line `<token> <index>`, from which the log
 * learns what runs; variables and directories carry on from one command to the next, and the first that fails ends it.
 * @param token a word that no output holds
 * @param shell the toolchain's bash, or the image's own
 */
export function stageScript(
  commands: readonly string[],
  { token, shell }: { readonly token: string; readonly shell: 'toolchain' | 'image' },
): StageScript {
  const blocks = commands.map((command, index) => `printf '%s\\n' '${token} ${index}'\n${command}\n`);
  const begin = shell === 'toolchain' ? TOOLCHAIN_BEGIN : IMAGE_BEGIN;
  const text = `${begin}exec 2>&1\nset -e\n${blocks.join('')}`;
  const command = shell === 'toolchain' ? [TOOLCHAIN_SHELL, SCRIPT_PATH] : ['/bin/sh', SCRIPT_PATH];
  return { text, command };
}

/** An image without a shell of its own gets the toolchain's programs behind its PATH. */
const TOOLCHAIN_BEGIN = `[ -e /bin/sh ] || PATH="$PATH:${TOOLCHAIN_DIRECTORY}/embedded/sbin:${TOOLCHAIN_DIRECTORY}/embedded/bin"\n`;

/** Bash where the image has it: what people write is written for bash. */
const IMAGE_BEGIN = `if [ -z "\${BASH_VERSION-}" ]; then
  for werf_bash in /bin/bash /usr/bin/bash /usr/local/bin/bash; do
    [ -x "$werf_bash" ] && exec "$werf_bash" ${SCRIPT_PATH}
  done
  unset werf_bash
fi
`;

/** What a line of a stage's output is. */
export type ScriptLine =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'command'; readonly index: number };

/** Takes a line of output apart: output without a line end may stand in front of a mark. */
export function readScriptLine(line: string, token: string): readonly ScriptLine[] {
  const at = line.indexOf(`${token} `);
  const index = at < 0 ? null : /^\d+$/.exec(line.slice(at + token.length + 1));
  if (index === null) return [{ kind: 'text', text: line }];
  const command: ScriptLine = { kind: 'command', index: Number(index[0]) };
  return at === 0 ? [command] : [{ kind: 'text', text: line.slice(0, at) }, command];
}
