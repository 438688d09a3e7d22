import { configGraph } from '../commands/config-graph.ts';
import { GRAPH_FORMATS, graphText } from '../commands/graph-text.ts';
import { sessionCommand } from './command.ts';
import { choice } from './flag.ts';
import { hostFlags } from './host-flags.ts';
import { logFlags } from './log-flags.ts';
import { projectFlags } from './project-flags.ts';

export const configGraphCommand = sessionCommand({
  name: 'config graph',
  summary: 'print what each image depends on',
  positionals: { usage: '[IMAGE…]', most: Number.POSITIVE_INFINITY },
  description:
    'Prints which images each image starts from, imports from and depends on; with images named, these and all they need.',
  examples: [
    { line: 'slipway config graph app', explains: 'prints what the image "app" needs' },
    { line: 'slipway config graph --format dot | dot -Tsvg', explains: 'draws the graph' },
  ],
  flags: {
    format: choice('format', GRAPH_FORMATS, 'yaml', { section: 'command', summary: 'form of the graph' }),
    ...projectFlags,
    ...hostFlags,
    ...logFlags,
  },
  output: 'data',
  run: async ({ flags, positionals }, session) =>
    graphText(await configGraph({ images: positionals }, session), flags.format),
});
