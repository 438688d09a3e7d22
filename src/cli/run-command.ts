import { runImage } from '../commands/run-image.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { buildFlagTable, buildRequestOf } from './build-command.ts';
import { buildVariables } from './build-variables.ts';
import { sessionCommand } from './command.ts';

export const runCommand = sessionCommand({
  name: 'run',
  summary: 'run a command in an image, built if needed',
  positionals: { usage: '[IMAGE] [-- COMMAND…]', most: 1, rest: true },
  description: `Builds one image as \`slipway build\` does, or finds it built, and runs a command in a temporary container \
of it; without COMMAND, the image's own. Ends with the command's exit status. The container is removed afterwards. Of an image of several platforms that of this machine runs. \
Where standard input and output are a terminal, the command gets it; else it reads no input.`,
  examples: [
    { line: 'slipway run app -- cat /etc/os-release', explains: 'shows a file of the image "app"' },
    { line: 'slipway run app -- sh', explains: 'looks around in it' },
  ],
  variables: buildVariables,
  flags: buildFlagTable,
  output: 'data',
  async run(input, session) {
    const [image] = input.positionals;
    if (image !== undefined && /[*?[!]/.test(image)) {
      throw new UserError('RUN_ONE_IMAGE', `"${image}" is a pattern: \`run\` takes the name of one image`);
    }
    const build = buildRequestOf(input, session.env);
    await runImage({ build, command: input.rest ?? [] }, session);
    return '';
  },
});
