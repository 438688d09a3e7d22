import { UserError } from '../../diagnostics/user-error.ts';

export type RemoteFailureKind = 'denied' | 'no-repository' | 'no-reference' | 'unreachable' | 'other';

/** What git and its helpers say, in the order it is looked for: the first that is found counts. */
const SAYINGS: readonly (readonly [RemoteFailureKind, RegExp])[] = [
  ['other', /cannot run |unable to find remote helper/i],
  [
    'denied',
    /authentication failed|could not read (?:username|password)|terminal prompts disabled|permission denied|host key verification failed|access denied|returned error: 40[137]|http basic: access denied/i,
  ],
  [
    'no-repository',
    /does not appear to be a git repository|not a git repository|repository (?:'.*' )?not found|could not be found|returned error: 404|is this a git repository|no such file or directory|not valid: /i,
  ],
  ['no-reference', /couldn't find remote ref|not our ref|unadvertised object|no such remote ref/i],
  [
    'unreachable',
    /could not resolve|couldn't resolve|name or service not known|connection (?:refused|reset|timed out|closed)|timed out|network is unreachable|no route to host|failed to connect|unable to (?:connect|access|look up)|early eof|hung up unexpectedly|ssl|certificate|returned error: 5/i,
  ],
];

/** @param said the standard error output of git in English */
export function remoteFailureKind(said: string): RemoteFailureKind {
  return SAYINGS.find(([, pattern]) => pattern.test(said))?.[0] ?? 'other';
}

export interface FailedRemote {
  /** For messages. */
  readonly name: string;
  readonly url: string;
  readonly secrets: readonly string[];
  /** What was looked for, such as `the branch main`. */
  readonly wanted: string;
}

/** The sentence for what git said. */
export function remoteFailure(remote: FailedRemote, said: string): UserError {
  const { name, url } = remote;
  const where = name === url ? url : `${name} (${url})`;
  const tail = withoutSecrets(said, remote.secrets).split('\n').slice(-8);
  const failed = (code: string, message: string, hint: string) =>
    new UserError(code, message, { hint, tail });
  if (said.includes('dubious ownership')) {
    const hint = `git config --global --add safe.directory '${url.replace(/^file:\/\//, '')}'`;
    return failed('GIT_FOREIGN_OWNER', `${where} belongs to another user, so git refuses to read it`, hint);
  }
  switch (remoteFailureKind(said)) {
    case 'denied':
      return failed(
        'GIT_REMOTE_DENIED',
        `the git repository ${where} cannot be read: access was denied`,
        /host key/i.test(said)
          ? 'the host is not known yet: `ssh-keyscan HOST >> ~/.ssh/known_hosts`, and compare the key with what its owner tells'
          : /^https?:/.test(url)
            ? 'give `basicAuth` in werf.yaml, or a credential helper to git'
            : 'ssh needs a key that the server knows, in an agent (SSH_AUTH_SOCK) or in ~/.ssh',
      );
    case 'no-repository':
      return failed(
        'GIT_REMOTE_MISSING',
        `there is no git repository at ${where}`,
        'correct `url`; some servers say the same where access is denied',
      );
    case 'no-reference':
      return referenceMissing(remote);
    case 'unreachable':
      return failed(
        'GIT_REMOTE_UNREACHABLE',
        `the git repository ${where} cannot be reached`,
        'is the address right, and the network there? Git tells more below; a proxy is named by https_proxy',
      );
    case 'other':
      return failed(
        'GIT_REMOTE_FAILED',
        `the git repository ${where} cannot be fetched`,
        `git tells why; \`git ls-remote ${url}\` does the same`,
      );
  }
}

export function referenceMissing({ name, url, wanted }: FailedRemote): UserError {
  const where = name === url ? url : `${name} (${url})`;
  return new UserError('GIT_REFERENCE_MISSING', `the git repository ${where} does not have ${wanted}`, {
    hint: `\`git ls-remote ${url}\` lists its branches and tags`,
  });
}

/** Git repeats addresses, and servers what they were sent. */
function withoutSecrets(said: string, secrets: readonly string[]): string {
  const shown = said.trim().replace(/(:\/\/)[^/@\s]+@/g, '$1***@');
  return secrets
    .filter((secret) => secret !== '')
    .reduce((text, secret) => text.replaceAll(secret, '***'), shown);
}
