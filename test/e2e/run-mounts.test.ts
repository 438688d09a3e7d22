import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder } from './support/builder.ts';
import { config, makeProject } from './support/project.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { askingFor, startAgent, type TestAgent } from './support/ssh-agent.ts';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.stop());

/** Nowhere else on this machine. */
const SECRET = `secret-${randomBytes(12).toString('hex')}`;
const KEY = `key-${randomBytes(6).toString('hex')}`;

const GITERMINISM = `giterminismConfigVersion: 1
config:
  secrets:
    allowEnvVariables: [TOKEN]
    allowValueIds: [literal]
`;
const SECRETS = ['secrets:', '- env: TOKEN', '  id: token', '- id: literal', '  value: words of the file'];

const ASK = askingFor(KEY);

const dockerfile = () => `FROM ${registry.host}/debian:latest
RUN --mount=type=cache,target=/var/cache/own --mount=type=secret,id=token,required \\
    --mount=type=secret,id=literal,target=/etc/literal,uid=33,gid=33,mode=0440 --mount=type=secret,id=token,env=TOKEN \\
    --mount=type=ssh,required \\
    test "$(cat /run/secrets/token)" = "$TOKEN" && stat -c 'literal is %u:%g:%a' /etc/literal && cat /etc/literal && echo && \\
    echo "it is $TOKEN" && echo found $(ls /var/cache/own) && date > /var/cache/own/kept && chown 7:8 /var/cache/own/kept && \\
    ${ASK} && echo done > /made
RUN test ! -e /run/secrets && test ! -e /run/buildkit && test ! -e /var/cache/own && test ! -e /etc/literal && test -z "$TOKEN"
USER 33
RUN --mount=type=ssh,uid=33 ${ASK} > /tmp/asked && grep 'the key' /tmp/asked
`;

/** An ordinary user without subordinate ids: a user namespace of theirs has one id. */
const ALONE = 'slipway-test-alone';
beforeAll(() => {
  removeUser(ALONE);
  execFileSync('useradd', ['--system', '--no-create-home', '--shell', '/bin/sh', ALONE]);
});
afterAll(() => removeUser(ALONE));

function removeUser(name: string): void {
  try {
    execFileSync('userdel', [name], { stdio: 'ignore' });
  } catch {
    // There was none.
  }
}

describe.each([
  ['root', 'root'],
  ['ordinary', 'slipway-test'],
  ['ordinary', ALONE],
] as const)('mounts of RUN, as %s: %s', (user, name) => {
  let builder: Builder;
  let project: Fixture;
  let agent: TestAgent;
  beforeAll(async () => {
    builder = await makeBuilder({ user, name });
    agent = await startAgent(builder, name, KEY);
    project = await makeProject({
      'werf.yaml': config(...SECRETS),
      'werf-giterminism.yaml': GITERMINISM,
      Dockerfile: dockerfile(),
    });
  });
  afterAll(async () => {
    await agent.stop();
    await builder.remove();
    await project.remove();
  });
  const build = (env: Record<string, string>, ...args: string[]) =>
    builder.run(['build', ...args], { cwd: project.root, env });

  it('fail with the line where a required one is missing', async () => {
    const noAgent = await build({ TOKEN: SECRET });
    expect(noAgent.exitCode).toBe(1);
    expect(noAgent.stderr).toContain('Dockerfile:2');
    expect(noAgent.stderr).toContain('the SSH agent "default" is required, and there is none');
    const noVariable = await build({ SSH_AUTH_SOCK: agent.socket });
    expect(noVariable.exitCode).toBe(1);
    expect(noVariable.stderr).toContain('secret "token": the variable TOKEN is not set');
  });

  it('show secrets, caches and the agent to the command, and nothing of them to anybody else', async () => {
    const repo = `${registry.host}/mounts-${name}`;
    const given = { TOKEN: SECRET, SSH_AUTH_SOCK: agent.socket };
    const outcome = await build(given, '--repo', repo, '--log-verbose');
    expect(outcome.stderr).toBe('');
    expect(outcome.exitCode).toBe(0);
    expect(outcome.stdout).toContain('literal is 33:33:440');
    expect(outcome.stdout).toContain('asked, and it has the key');
    expect(outcome.stdout).toContain('it is ***');
    expect(outcome.stdout).not.toContain('imagebuildah');
    expect(outcome.stdout + outcome.stderr).not.toContain(SECRET);
    expect(outcome.stdout).not.toContain('words of the file');
    for (const place of [builder.home, builder.graphRoot, project.root]) {
      expect(filesHolding(SECRET, place)).toEqual([]);
    }
    expect((await readdir('/dev/shm')).filter((name) => /^slipway-[0-9a-f]{16}-/.test(name))).toEqual([]);
    const tag = registry.stages(`mounts-${name}`)[0] ?? '';
    const image = JSON.stringify(registry.inspect(`${repo}:${tag}`, '--config', '--raw'));
    expect(image).not.toContain(SECRET);
    expect(image).not.toContain('words of the file');
  });

  it('do not decide the image: another secret, no agent and a warm cache find it built', async () => {
    const local = await build({ TOKEN: 'another-value' });
    expect(local.exitCode).toBe(0);
    expect(local.stdout).not.toContain('asked, and it has the key');
    const again = await build({ TOKEN: 'another-value' }, '--repo', `${registry.host}/mounts-${name}`);
    expect(again.stdout).toContain('Use previously built image for app/dockerfile');
    expect(again.exitCode).toBe(0);
  });

  it('find what the last build left in the cache', async () => {
    await project.write({
      Dockerfile: dockerfile().replace('echo found', 'stat -c "%n of %u:%g" /var/cache/own/* && echo then'),
    });
    await project.commit('another command');
    const outcome = await build({ TOKEN: SECRET, SSH_AUTH_SOCK: agent.socket });
    expect(outcome.stdout).toContain('/var/cache/own/kept of 7:8');
    expect(outcome.stdout).toContain('then kept');
    expect(outcome.exitCode).toBe(0);
  });
});

function filesHolding(text: string, directory: string): readonly string[] {
  try {
    const found = execFileSync('grep', ['-rlaF', '--', text, directory], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return found.split('\n').filter((path) => path !== '');
  } catch {
    return [];
  }
}
