/** Variables that commands of user stages see, and that never belong to an image. */
export const COMMIT_VARIABLES = {
  hash: 'WERF_COMMIT_HASH',
  timeHuman: 'WERF_COMMIT_TIME_HUMAN',
  timeUnix: 'WERF_COMMIT_TIME_UNIX',
} as const;

/** Where build containers see the socket of an SSH agent. */
export const SSH_AGENT_SOCKET = '/.werf/tmp/ssh-auth-sock';

/** Is it one that was set for build containers? An SSH_AUTH_SOCK with another value is the image's own. */
export function isServiceVariable(name: string, value: string): boolean {
  if (name === 'SSH_AUTH_SOCK') return value === SSH_AGENT_SOCKET;
  return Object.values(COMMIT_VARIABLES).some((known) => known === name);
}
