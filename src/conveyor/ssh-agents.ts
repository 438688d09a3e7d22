import type { DockerfileImage } from '../config/project.ts';
import { UserError } from '../diagnostics/user-error.ts';

const DEFAULT = 'default';

/**
 * The SSH agents that an image's commands may ask: the user's own as `default`, and those that the old field `ssh` names.
 * @param own socket of the user's agent; '' is none
 * @returns sockets by id
 * @throws UserError where `ssh` names a key: only agents can be asked
 */
export function sshAgents(
  { ssh, fieldPositions, position: at }: Pick<DockerfileImage, 'ssh' | 'fieldPositions' | 'position'>,
  own: string,
): ReadonlyMap<string, string> {
  const agents = new Map<string, string>();
  if (own !== '') agents.set(DEFAULT, own);
  if (ssh === '') return agents;
  const [id = '', ...rest] = ssh.split('=');
  const socket = rest.join('=');
  if (socket === '') {
    if (own !== '') agents.set(id, own);
    return agents;
  }
  if (!socket.startsWith('/') || socket.includes(',')) {
    const message = 'only the socket of an agent can be given here, not a key';
    throw new UserError('NOT_SUPPORTED', `\`ssh: ${ssh}\` is not supported yet`, {
      problems: [{ code: 'NOT_SUPPORTED', message, position: fieldPositions.get('ssh') ?? at }],
      hint: 'add the key to an agent by ssh-add and leave `ssh` out: `RUN --mount=type=ssh` asks the agent of SSH_AUTH_SOCK',
    });
  }
  agents.set(id === '' ? DEFAULT : id, socket);
  return agents;
}
