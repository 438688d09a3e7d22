import { configRender } from '../commands/config-render.ts';
import { sessionCommand } from './command.ts';
import { hostFlags } from './host-flags.ts';
import { quietLogFlags } from './log-flags.ts';
import { projectFlags } from './project-flags.ts';

export const configRenderCommand = sessionCommand({
  name: 'config render',
  summary: 'print the rendered configuration',
  positionals: { usage: '[IMAGE…]', most: Number.POSITIVE_INFINITY },
  description:
    'Prints the configuration as it is after templates are rendered; with images named, only their documents.',
  examples: [
    { line: 'slipway config render', explains: 'prints all documents' },
    { line: "slipway config render 'app-*'", explains: 'prints the documents of some images' },
  ],
  flags: { ...projectFlags, ...hostFlags, ...quietLogFlags },
  output: 'data',
  run: ({ positionals }, session) => configRender({ images: positionals }, session),
});
