import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { remoteAddress } from '../../src/git/cli/remote-address.ts';
import { remoteFailure } from '../../src/git/cli/remote-failure.ts';
import { type HttpGitOptions, type HttpGitServer, httpGitServer } from './http-git-server.ts';
import { useRemote } from './remote-fixture.ts';

const fixture = useRemote();
const SECOND = ['dir/same: same', 'file: second'];
const login = { username: 'robot@example.com', password: 'p@ss w:rd/%41"$x' };

const servers: HttpGitServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});
async function serving(options: Partial<HttpGitOptions> = {}) {
  const { remote, work } = fixture();
  execFileSync('git', ['clone', '--quiet', '--bare', remote.root, join(work, 'app.git')]);
  const server = await httpGitServer({ root: work, login: null, ...options });
  servers.push(server);
  return server;
}

function everythingBelow(directory: string): string {
  const found = readdirSync(directory, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1')).join('\n');
}

/** A git program in front of the real one that notes how it was called. */
async function notingGit(): Promise<{ readonly env: Record<string, string>; readonly notes: () => string }> {
  const { work } = fixture();
  const [directory, log] = [join(work, 'bin'), join(work, 'calls')];
  execFileSync('mkdir', [directory]);
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  await writeFile(
    join(directory, 'git'),
    `#!/bin/sh\nprintf '%s\\n' "$*" >> '${log}'\nexec '${real}' "$@"\n`,
  );
  await chmod(join(directory, 'git'), 0o755);
  return { env: { PATH: `${directory}:${process.env['PATH']}` }, notes: () => readFileSync(log, 'utf8') };
}

describe('a repository behind http', () => {
  it('is read by everybody where everybody may', async () => {
    const { files } = fixture();
    const { url } = await serving();
    expect(await files({ url: `${url}/app.git` })).toEqual(SECOND);
    expect(await files({ url: `${url}/app.git`, target: { kind: 'tag', tag: 'v1' } })).toHaveLength(2);
  });

  it('is read with credentials, which are kept nowhere', async () => {
    const { files, cache, remote } = fixture();
    const { url, requests } = await serving({ login });
    const { env, notes } = await notingGit();
    const commit = remote.git('rev-parse', 'main');
    for (const target of [{ kind: 'branch', branch: 'main' } as const, { kind: 'commit', commit } as const]) {
      expect(await files({ url: `${url}/app.git`, credentials: login, target }, env)).toEqual(SECOND);
    }
    expect(requests.some((line) => line.includes('Basic '))).toBe(true);
    for (const kept of [everythingBelow(cache), notes()]) {
      expect(kept).not.toContain(login.password);
      expect(kept).not.toContain(encodeURIComponent(login.password));
      expect(kept).not.toContain(Buffer.from(`${login.username}:${login.password}`).toString('base64'));
    }
    expect(notes()).toContain('fetch');
  });

  it('takes credentials from the URL without showing them to git', async () => {
    const { files, cache } = fixture();
    const { url } = await serving({ login });
    const { env, notes } = await notingGit();
    const userinfo = `${encodeURIComponent(login.username)}:${encodeURIComponent(login.password)}`;
    const withThem = `${url.replace('://', `://${userinfo}@`)}/app.git`;
    expect(await files({ url: withThem }, env)).toEqual(SECOND);
    expect(notes() + everythingBelow(cache)).not.toContain(encodeURIComponent(login.password));
  });

  it('is read with the credential helper of git', async () => {
    const { files, work } = fixture();
    const { url } = await serving({ login });
    const config = join(work, 'gitconfig');
    const store = join(work, 'credentials');
    const [user, password] = [encodeURIComponent(login.username), encodeURIComponent(login.password)];
    await writeFile(store, `${url.replace('://', `://${user}:${password}@`)}\n`);
    await writeFile(config, `[credential]\n\thelper = store --file ${store}\n`);
    expect(await files({ url: `${url}/app.git` }, { GIT_CONFIG_GLOBAL: config })).toEqual(SECOND);
  });

  it('denies others, and the sentence does not tell what they tried', async () => {
    const { failure } = fixture();
    const { url } = await serving({ login });
    const wrong = { username: 'robot', password: 'guessed-secret' };
    for (const credentials of [null, wrong]) {
      const error = await failure({ url: `${url}/app.git`, credentials });
      expect(error).toMatchObject({ code: 'GIT_REMOTE_DENIED', hint: expect.stringContaining('basicAuth') });
      expect(JSON.stringify(error)).not.toContain('guessed-secret');
      expect(String(error)).toContain(`group/app (${url}/app.git)`);
    }
  });

  it('does not give the credentials to another server', async () => {
    const { failure } = fixture();
    const target = await serving({ login });
    const first = await httpGitServer({ root: '/nowhere', login: null, redirect: target.url });
    servers.push(first);
    const error = await failure({ url: `${first.url}/app.git`, credentials: login });
    expect(error).toMatchObject({ code: 'GIT_REMOTE_DENIED' });
    expect(target.requests.length).toBeGreaterThan(0);
    expect(target.requests.filter((line) => line.includes('Basic'))).toEqual([]);
  });

  it('tells what is wrong where there is no repository, no branch, no server', async () => {
    const { failure } = fixture();
    const { url } = await serving();
    expect(await failure({ url: `${url}/other.git` })).toMatchObject({ code: 'GIT_REMOTE_MISSING' });
    const branch = await failure({ url: `${url}/app.git`, target: { kind: 'branch', branch: 'gone' } });
    expect(branch).toMatchObject({ code: 'GIT_REFERENCE_MISSING' });
    expect(String(branch)).toContain('does not have the branch "gone"');
    await servers.pop()?.close();
    expect(await failure({ url: `${url}/app.git` })).toMatchObject({ code: 'GIT_REMOTE_UNREACHABLE' });
    expect(await failure({ url: 'https://nobody.invalid/app.git' })).toMatchObject({
      code: 'GIT_REMOTE_UNREACHABLE',
    });
  });
});

describe('a repository behind ssh', () => {
  /** An ssh that runs the command of the other side here. */
  const local = async (body: string) => {
    const script = join(fixture().work, 'ssh');
    await writeFile(script, `#!/bin/sh\n${body}\n`);
    await chmod(script, 0o755);
    return script;
  };
  const HERE = 'printf "%s\\n" "$*" >> "$0.log"\nfor last; do :; done\nexec sh -c "$last"';

  it('is read by the ssh that the environment or the configuration of git names', async () => {
    const { files, remote, work } = fixture();
    const script = await local(HERE);
    const config = join(work, 'gitconfig');
    await writeFile(config, `[core]\n\tsshCommand = ${script} --configured\n[ssh]\n\tvariant = ssh\n`);
    const url = `ssh://git@host.invalid${remote.root}`;
    expect(await files({ url }, { GIT_SSH_COMMAND: `${script} --given`, GIT_SSH_VARIANT: 'ssh' })).toEqual(
      SECOND,
    );
    expect(readFileSync(`${script}.log`, 'utf8')).toContain('--given');
    const short = `git@host.invalid:${remote.root}`;
    expect(await files({ url: short }, { GIT_CONFIG_GLOBAL: config })).toEqual(SECOND);
    expect(readFileSync(`${script}.log`, 'utf8')).toContain('--configured');
  });

  it('is never asked on the terminal', async () => {
    const { files, remote, work } = fixture();
    await local(HERE);
    const env = { PATH: `${work}:${process.env['PATH']}` };
    expect(await files({ url: `git@host.invalid:${remote.root}` }, env)).toEqual(SECOND);
    expect(readFileSync(join(work, 'ssh.log'), 'utf8')).toContain('-oBatchMode=yes');
  });

  it.each([
    ['git@host: Permission denied (publickey).', 'GIT_REMOTE_DENIED', 'agent'],
    ['Host key verification failed.', 'GIT_REMOTE_DENIED', 'known_hosts'],
    ['ERROR: Repository not found.', 'GIT_REMOTE_MISSING', '`url`'],
    ['ssh: Could not resolve hostname host: Name or service not known', 'GIT_REMOTE_UNREACHABLE', 'network'],
    ['ssh: connect to host host port 22: Connection refused', 'GIT_REMOTE_UNREACHABLE', 'network'],
    ['something else', 'GIT_REMOTE_FAILED', 'ls-remote'],
  ])('%s', async (said, code, hint) => {
    const script = await local(`echo '${said}' >&2; exit 255`);
    const env = { GIT_SSH_COMMAND: script, GIT_SSH_VARIANT: 'ssh' };
    const error = await fixture().failure({ url: 'git@host:group/app.git' }, env);
    expect(error).toMatchObject({ code, hint: expect.stringContaining(hint) });
    expect(String((error as { tail: string[] }).tail)).toContain(said);
  });
});

describe('a repository behind the protocol of git', () => {
  it('is read, and missed where there is none', async () => {
    const { remote, files, failure } = fixture();
    const port = await freePort();
    const args = [
      'daemon',
      '--export-all',
      '--reuseaddr',
      '--listen=127.0.0.1',
      `--port=${port}`,
      '--base-path=/',
    ];
    const daemon = spawn('git', args, { stdio: 'ignore', detached: true });
    try {
      const url = `git://127.0.0.1:${port}${remote.root}`;
      await expect
        .poll(() => files({ url }).catch(() => []), { timeout: 10_000, interval: 100 })
        .toEqual(SECOND);
      const error = await failure({ url: `git://127.0.0.1:${port}/nowhere` });
      expect(error).toMatchObject({ code: expect.stringMatching(/GIT_REMOTE_(MISSING|DENIED)/) });
    } finally {
      if (daemon.pid) process.kill(-daemon.pid);
    }
  });
});

describe('failures of remote repositories', () => {
  const { failure } = {
    failure: (...args: Parameters<ReturnType<typeof fixture>['failure']>) => fixture().failure(...args),
  };

  it('are those of what is asked for', async () => {
    const empty = join(fixture().work, 'empty');
    execFileSync('git', ['init', '--quiet', empty]);
    expect(await failure({ url: empty, target: { kind: 'default-branch' } })).toMatchObject({
      code: 'GIT_REFERENCE_MISSING',
      message: expect.stringContaining('is it empty'),
    });
    expect(await failure({ target: { kind: 'tag', tag: 'v9' } })).toMatchObject({
      code: 'GIT_REFERENCE_MISSING',
    });
    expect(await failure({ target: { kind: 'commit', commit: '1'.repeat(40) } })).toMatchObject({
      code: 'GIT_REFERENCE_MISSING',
    });
    expect(await failure({ target: { kind: 'commit', commit: '--all' } })).toMatchObject({
      code: 'GIT_REFERENCE_MISSING',
    });
    const { remote } = fixture();
    remote.git('tag', 'of-a-tree', 'main^{tree}');
    expect(await failure({ target: { kind: 'tag', tag: 'of-a-tree' } })).toMatchObject({
      code: 'GIT_REFERENCE_MISSING',
    });
  });

  it('are those of the place', async () => {
    expect(await failure({ url: '/nowhere/at/all' })).toMatchObject({ code: 'GIT_REMOTE_MISSING' });
    expect(await failure({ url: 'file:///nowhere/at/all' })).toMatchObject({ code: 'GIT_REMOTE_MISSING' });
    expect(await failure({ url: '--upload-pack=touch /tmp/x' })).toMatchObject({
      code: 'GIT_REMOTE_MISSING',
    });
    expect(await failure({ url: 'ext::sh -c true' })).toMatchObject({ code: 'GIT_REMOTE_FAILED' });
  });

  it('are that of a machine without git', async () => {
    expect(await failure({}, { PATH: '/nowhere' })).toMatchObject({ code: 'GIT_PROGRAM_MISSING' });
  });

  it('do not repeat secrets that git or a server repeats', () => {
    const remote = { name: 'a', url: 'https://h/a', wanted: 'x', secrets: ['s3cret'] };
    const error = remoteFailure(remote, "fatal: 'https://u:other@h/a': s3cret is not welcome");
    expect(JSON.stringify(error.tail)).toBe(`["fatal: 'https://***@h/a': *** is not welcome"]`);
  });
});

describe('addresses', () => {
  const of = (url: string) => remoteAddress({ url, name: 'x', credentials: null }, '/project').url;
  it.each([
    ['https://host/a/b.git', 'https://host/a/b.git'],
    ['https://user@host/a', 'https://user@host/a'],
    ['https://user:secret@host/a', 'https://host/a'],
    ['ssh://git:secret@host/a', 'ssh://git@host/a'],
    ['git@host:a/b', 'git@host:a/b'],
    ['../a', '/a'],
    ['a/b:c', '/project/a/b:c'],
    ['/srv/git', '/srv/git'],
    ['file:///srv/git', 'file:///srv/git'],
  ])('%s', (url, expected) => expect(of(url)).toBe(expected));

  it('refuse credentials of several lines', () => {
    const credentials = { username: 'a', password: 'b\nc' };
    expect(() => remoteAddress({ url: 'https://host/a', name: 'x', credentials }, '/')).toThrow('one line');
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
