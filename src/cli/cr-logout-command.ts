import { logOut } from '../commands/log-in.ts';
import { sessionCommand } from './command.ts';
import { hiddenFlags } from './hidden-flags.ts';
import { hostFlags } from './host-flags.ts';
import { logFlags } from './log-flags.ts';
import { projectFlags } from './project-flags.ts';
import { registryArgument } from './registry-argument.ts';

export const crLogoutCommand = sessionCommand({
  name: 'cr logout',
  summary: 'forget the login of a registry',
  positionals: { usage: '[REGISTRY]', most: 1 },
  description: `Removes what \`cr login\`, or docker login, keeps for a registry: from config.json of --docker-config, and from \
the credential helper that this file names. REGISTRY is host[:port]; without it, Docker Hub is meant.`,
  examples: [
    {
      line: 'slipway cr logout registry.example.com',
      explains: 'forgets user and password for this registry',
    },
  ],
  flags: {
    ...hiddenFlags(projectFlags),
    ...hiddenFlags(hostFlags),
    dockerConfig: hostFlags.dockerConfig,
    ...logFlags,
  },
  output: 'log',
  async run({ positionals: [registry = ''] }, session) {
    const host = registryArgument(registry);
    const known = await logOut({ registry: host, directory: session.host.dockerConfig }, session);
    const line = known ? `Logged out of ${host}` : `There was no login for ${host}`;
    session.progress.emit({ kind: 'line', line });
    return '';
  },
});
