import { resolve } from 'node:path';
import { type CiEnvRequest, ciEnv } from '../commands/ci-env.ts';
import { CI_SHELLS } from '../commands/ci-text.ts';
import { CI_SYSTEMS, type CiSystem } from '../commands/ci-variables.ts';
import { nearest } from '../diagnostics/nearest.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { type CommandInput, sessionCommand } from './command.ts';
import { choice, text, toggle } from './flag.ts';
import { hostFlags } from './host-flags.ts';
import { quietLogFlags } from './log-flags.ts';
import { projectFlags } from './project-flags.ts';

const section = 'command';

const flags = {
  asFile: toggle('as-file', {
    section,
    env: ['WERF_AS_FILE'],
    summary: 'write a script and print its path',
  }),
  asEnvFile: toggle('as-env-file', {
    section,
    env: ['WERF_AS_ENV_FILE'],
    summary: 'write a .env file and print its path',
  }),
  outputFilePath: text('output-file-path', 'PATH', {
    section,
    short: 'o',
    env: ['WERF_OUTPUT_FILE_PATH'],
    summary: 'the file to write',
    fallbackText: 'a new one below the folder of --home-dir',
  }),
  shell: choice('shell', CI_SHELLS, 'default', {
    section,
    env: ['WERF_SHELL'],
    summary: 'who reads the lines; default: POSIX shells',
  }),
  loginToRegistry: toggle('login-to-registry', {
    section,
    env: ['WERF_LOGIN_TO_REGISTRY'],
    fallback: true,
    summary: 'log in to the registry of the CI system with the token of the job',
  }),
  useDockerAuthConfig: toggle('use-docker-auth-config', {
    section,
    env: ['WERF_USE_DOCKER_AUTH_CONFIG'],
    summary: 'make config.json of $DOCKER_AUTH_CONFIG instead of copying that of --docker-config',
  }),
  ...projectFlags,
  ...hostFlags,
  ...quietLogFlags,
} as const;

export const ciEnvCommand = sessionCommand({
  name: 'ci-env',
  summary: 'print lines that prepare a job of GitLab CI or GitHub Actions',
  positionals: { usage: 'gitlab|github', most: 1 },
  description: `Prints lines that export what later commands of the job need: where to keep stages, the environment, \
annotations, how the log looks. Docker's configuration is copied to a new temporary directory, the login of the job's token is \
added there, and DOCKER_CONFIG names it. Variables that are set already are kept, apart from annotations and DOCKER_CONFIG.`,
  examples: [
    { line: '. "$(slipway ci-env gitlab --as-file)"', explains: 'in a job of GitLab CI' },
    {
      line: '. "$(slipway ci-env github --as-file)"',
      explains: 'in a step of GitHub Actions; needs $GITHUB_TOKEN',
    },
    {
      line: 'slipway ci-env gitlab --as-env-file -o job.env',
      explains: 'for programs that read .env files, such as docker run --env-file',
    },
  ],
  flags,
  output: 'data',
  run: (input, session) => ciEnv(ciEnvRequestOf(input), session),
});

/** @throws UserError for arguments that do not fit */
export function ciEnvRequestOf({
  flags: given,
  positionals: [system = ''],
  cwd,
}: Pick<CommandInput<typeof flags>, 'flags' | 'positionals' | 'cwd'>): CiEnvRequest {
  const { asFile, asEnvFile, outputFilePath, shell, loginToRegistry, useDockerAuthConfig } = given;
  if (asFile && asEnvFile) {
    throw new UserError('CLI_TWO_FORMS', '--as-file and --as-env-file ask for different files', {
      hint: 'give one of them',
    });
  }
  const path = outputFilePath === null || outputFilePath === '' ? null : resolve(cwd, outputFilePath);
  return {
    system: systemOf(system),
    reader: asEnvFile ? 'dotenv' : shell,
    file: path !== null ? { path } : asFile || asEnvFile ? 'fresh' : 'none',
    login: loginToRegistry,
    useDockerAuthConfig,
  };
}

function systemOf(name: string): CiSystem {
  const found = CI_SYSTEMS.find((known) => known === name);
  if (found !== undefined) return found;
  const near = nearest(name, CI_SYSTEMS);
  const known = CI_SYSTEMS.join(', ');
  if (name === '')
    throw new UserError('CI_UNKNOWN', 'ci-env needs the CI system', { hint: `give one of ${known}` });
  throw new UserError('CI_UNKNOWN', `ci-env does not know the CI system "${name}"`, {
    hint: near ? `did you mean ${near}?` : `it knows ${known}`,
  });
}
