import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Secret, SecretSource } from '../../src/config/image-inputs.ts';
import { readSecrets } from '../../src/conveyor/read-secrets.ts';
import { sshAgents } from '../../src/conveyor/ssh-agents.ts';

const position = { file: 'werf.yaml', line: 3, column: 5 };
const secret = (id: string, source: SecretSource): Secret => ({ id, source, position });

describe('the secrets of an image', () => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'slipway-secrets-'));
    await writeFile(join(directory, 'token'), Buffer.from([0, 255, 10]));
    await writeFile(join(directory, 'large'), Buffer.alloc(500 * 1024 + 1));
  });
  afterAll(() => rm(directory, { recursive: true }));
  const read = (...secrets: Secret[]) =>
    readSecrets(secrets, {
      env: { TOKEN: 'of the variable', EMPTY: '' },
      projectDirectory: directory,
      homeDirectory: directory,
    });

  it('are values, variables and files as they are', async () => {
    const contents = await read(
      secret('value', { kind: 'value', text: 'literal' }),
      secret('env', { kind: 'env', name: 'TOKEN' }),
      secret('empty', { kind: 'env', name: 'EMPTY' }),
      secret('relative', { kind: 'file', path: 'token' }),
      secret('home', { kind: 'file', path: '~/token' }),
      secret('absolute', { kind: 'file', path: join(directory, 'token') }),
    );
    const bytes = Buffer.from([0, 255, 10]);
    expect(contents).toEqual(
      new Map([
        ['value', Buffer.from('literal')],
        ['env', Buffer.from('of the variable')],
        ['empty', Buffer.alloc(0)],
        ['relative', bytes],
        ['home', bytes],
        ['absolute', bytes],
      ]),
    );
  });

  it('that are missing are told together, each where it is asked for', async () => {
    const outcome = read(
      secret('a', { kind: 'env', name: 'UNSET' }),
      secret('b', { kind: 'file', path: 'gone' }),
      secret('c', { kind: 'file', path: '.' }),
      secret('d', { kind: 'file', path: 'large' }),
    );
    await expect(outcome).rejects.toMatchObject({
      code: 'SECRET_MISSING',
      problems: [
        { message: 'secret "a": the variable UNSET is not set', position },
        { message: `secret "b": there is no file ${directory}/gone` },
        { message: `secret "c": the file ${directory} cannot be read (EISDIR)` },
        { message: `secret "d": the file ${directory}/large has 512001 bytes, and a secret at most 512000` },
      ],
    });
  });
});

describe('the SSH agents of an image', () => {
  const of = (ssh: string, own: string) =>
    Object.fromEntries(sshAgents({ ssh, position, fieldPositions: new Map([['ssh', position]]) }, own));

  it.each([
    ['', '', {}],
    ['', '/own', { default: '/own' }],
    ['default', '/own', { default: '/own' }],
    ['default', '', {}],
    ['github', '/own', { default: '/own', github: '/own' }],
    ['github=/other', '/own', { default: '/own', github: '/other' }],
    ['default=/a=b', '/own', { default: '/a=b' }],
  ])('with `ssh: %s` and SSH_AUTH_SOCK=%s are %j', (ssh, own, agents) => {
    expect(of(ssh, own)).toEqual(agents);
  });

  it('are no keys', () => {
    expect(() => of('default=~/.ssh/id_rsa', '')).toThrow('is not supported yet');
  });
});
