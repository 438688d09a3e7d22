import { VERSION } from '../commands/version.ts';
import { plainCommand } from './command.ts';

export const versionCommand = plainCommand({
  name: 'version',
  summary: 'print the version',
  positionals: { usage: '', most: 0 },
  description: 'Prints the version of slipway in one line, without starting anything.',
  examples: [{ line: 'slipway version', explains: 'prints the version' }],
  flags: {},
  run: async () => `${VERSION}\n`,
});
