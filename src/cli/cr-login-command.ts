import { logIn } from '../commands/log-in.ts';
import type { Session } from '../commands/session.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { sessionCommand } from './command.ts';
import { text, toggle } from './flag.ts';
import { hiddenFlags } from './hidden-flags.ts';
import { hostFlags } from './host-flags.ts';
import { logFlags } from './log-flags.ts';
import { projectFlags } from './project-flags.ts';
import { registryArgument } from './registry-argument.ts';

const section = 'command';

export const crLoginCommand = sessionCommand({
  name: 'cr login',
  summary: 'log in to a registry',
  positionals: { usage: '[REGISTRY]', most: 1 },
  description: `Asks the registry whether it accepts user and password, and keeps them in config.json of --docker-config for \
later commands, of slipway as of other programs. Where that file names a credential helper for the registry, the helper keeps \
them. REGISTRY is host[:port]; without it, Docker Hub is meant.`,
  examples: [
    {
      line: 'printf %s "$TOKEN" | slipway cr login registry.example.com -u robot --password-stdin',
      explains: 'logs in without showing the password to anybody',
    },
    {
      line: 'WERF_USERNAME=robot WERF_PASSWORD="$TOKEN" slipway cr login registry.example.com',
      explains: 'the same by variables',
    },
  ],
  flags: {
    username: text('username', 'NAME', { section, short: 'u', env: ['WERF_USERNAME'], summary: 'user' }),
    password: text('password', 'PASSWORD', {
      section,
      short: 'p',
      env: ['WERF_PASSWORD'],
      summary:
        'password or token; written here it can be seen in lists of processes: better give it by --password-stdin',
      secret: true,
    }),
    passwordStdin: toggle('password-stdin', {
      section,
      env: ['WERF_PASSWORD_STDIN'],
      summary: 'read the password from standard input',
    }),
    ...hiddenFlags(projectFlags),
    ...hiddenFlags(hostFlags),
    dockerConfig: hostFlags.dockerConfig,
    insecureRegistry: hostFlags.insecureRegistry,
    skipTlsVerifyRegistry: hostFlags.skipTlsVerifyRegistry,
    ...logFlags,
  },
  output: 'log',
  async run({ flags, positionals: [registry = ''] }, session) {
    const host = registryArgument(registry);
    const { username } = flags;
    if (username === null || username === '') throw missing('a user', '-u or WERF_USERNAME');
    const password = await passwordOf(flags, session);
    const request = {
      registry: host,
      credentials: { username, password },
      directory: session.host.dockerConfig,
    };
    const place = await logIn(request, session);
    session.progress.emit({ kind: 'line', line: `Logged in to ${host} as ${username}; kept in ${place}` });
    return '';
  },
});

async function passwordOf(
  { password, passwordStdin }: { readonly password: string | null; readonly passwordStdin: boolean },
  session: Pick<Session, 'read'>,
): Promise<string> {
  if (passwordStdin && password !== null) {
    throw new UserError(
      'CLI_TWO_PASSWORDS',
      'the password is given twice: by --password or WERF_PASSWORD, and by --password-stdin',
      {
        hint: 'give it in one way',
      },
    );
  }
  const given = passwordStdin ? (await session.read()).replace(/\r?\n$/, '') : (password ?? '');
  if (given !== '') return given;
  if (passwordStdin) throw new UserError('CLI_NO_PASSWORD', 'standard input holds no password');
  throw missing('a password', '--password-stdin or WERF_PASSWORD');
}

function missing(what: string, how: string): UserError {
  return new UserError('CLI_NO_CREDENTIALS', `cr login needs ${what}`, { hint: `give it by ${how}` });
}
