import { type Command, plainCommand } from './command.ts';
import { bashCompletion } from './completion/bash-completion.ts';
import { completionModel } from './completion/completion-model.ts';
import { fishCompletion } from './completion/fish-completion.ts';
import { powershellCompletion } from './completion/powershell-completion.ts';
import { zshCompletion } from './completion/zsh-completion.ts';
import { choice } from './flag.ts';

const SCRIPTS = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
  powershell: powershellCompletion,
} as const;

/** @param commands all that there are, read when the script is made */
export const completionCommand = (commands: () => Promise<readonly Command[]>) =>
  plainCommand({
    name: 'completion',
    summary: 'print a script that completes commands and options in a shell',
    positionals: { usage: '', most: 0 },
    description:
      'Prints a script for a shell. Loaded there, it completes commands, options and their values.',
    examples: [
      { line: 'source <(slipway completion)', explains: 'in bash, for this session' },
      {
        line: 'slipway completion --shell zsh > "${fpath[1]}/_slipway"',
        explains: 'in zsh, for all sessions',
      },
      { line: 'slipway completion --shell fish | source', explains: 'in fish, for this session' },
    ],
    flags: {
      shell: choice('shell', ['bash', 'zsh', 'fish', 'powershell'], 'bash', {
        section: 'command',
        summary: 'shell that the script is for',
      }),
    },
    async run({ flags }) {
      return SCRIPTS[flags.shell](completionModel(await commands()));
    },
  });
