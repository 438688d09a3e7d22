import { execFileSync } from 'node:child_process';
import { chmod, lstat, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Builder, makeBuilder, type Outcome } from './support/builder.ts';
import { freePort, startRegistry, type TestRegistry } from './support/registry.ts';

const LOGIN = { user: 'robot', password: 'p@ss "word" $HOME' };

let registry: TestRegistry;
let builder: Builder;
/** Directory of config.json, its own in every test. */
let docker: string;
let tests = 0;

beforeAll(async () => {
  registry = await startRegistry({ login: LOGIN, empty: true });
  builder = await makeBuilder();
});
afterAll(async () => {
  await builder.remove();
  await registry.stop();
});
beforeEach(async () => {
  docker = join(builder.home, `docker-${tests++}`);
});

interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

function slipway(args: readonly string[], { env = {}, input = '' }: Given = {}): Promise<Outcome> {
  const child = builder.start(args, { cwd: builder.home, env: { DOCKER_CONFIG: docker, ...env } });
  child.stdin.end(input);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (stdout += data));
  child.stderr.on('data', (data: Buffer) => (stderr += data));
  return new Promise((resolve) => child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr })));
}

const login = (...more: string[]) => ['cr', 'login', registry.host, '-u', LOGIN.user, ...more];
const configFile = () => join(docker, 'config.json');
const config = async () => JSON.parse(await readFile(configFile(), 'utf8'));
const encoded = Buffer.from(`${LOGIN.user}:${LOGIN.password}`).toString('base64');

async function givenConfig(content: unknown): Promise<void> {
  await mkdir(docker, { recursive: true });
  await writeFile(configFile(), typeof content === 'string' ? content : JSON.stringify(content));
}

/** A credential helper that keeps what it is told, and how it was called. */
async function givenHelper(name: string, script = 'cat >"$KEPT.$1"'): Promise<Record<string, string>> {
  const bin = join(builder.home, 'bin');
  await mkdir(bin, { recursive: true });
  const file = join(bin, `docker-credential-${name}`);
  await writeFile(file, `#!/bin/sh\necho "$0 $*" >>"$KEPT.calls"\n${script}\n`);
  await chmod(file, 0o755);
  return { PATH: `${bin}:${process.env['PATH']}`, KEPT: `${docker}-kept` };
}

describe('cr login', () => {
  it('keeps credentials that the registry accepts, for its owner alone, beside what was there', async () => {
    await givenConfig({
      auths: { 'other.example.com': { auth: 'b3RoZXI6b3RoZXI=' } },
      proxies: { default: {} },
    });
    const outcome = await slipway(login('--password-stdin'), { input: `${LOGIN.password}\n` });
    expect(outcome.stderr).toBe('');
    expect(outcome.stdout).toContain(`Logged in to ${registry.host} as robot; kept in ${configFile()}\n`);
    expect(outcome.exitCode).toBe(0);
    expect(await config()).toEqual({
      auths: { 'other.example.com': { auth: 'b3RoZXI6b3RoZXI=' }, [registry.host]: { auth: encoded } },
      proxies: { default: {} },
    });
    expect((await stat(configFile())).mode & 0o777).toBe(0o600);
  });

  it('gives other programs and later commands access', async () => {
    expect((await slipway(login(), { env: { WERF_PASSWORD: LOGIN.password } })).exitCode).toBe(0);
    const inspected = () =>
      execFileSync(
        'skopeo',
        ['list-tags', '--authfile', configFile(), '--tls-verify=false', `docker://${registry.host}/none`],
        { stdio: 'pipe' },
      );
    // It is let in, and finds nothing.
    expect(inspected).toThrow('404 (Not Found)');
    await slipway(['cr', 'logout', registry.host]);
    expect(inspected).toThrow('authentication required');
  });

  it('takes user and password from variables and from options', async () => {
    const env = { WERF_USERNAME: LOGIN.user, WERF_PASSWORD_STDIN: '1' };
    expect((await slipway(['cr', 'login', registry.host], { env, input: LOGIN.password })).exitCode).toBe(0);
    expect((await slipway(login(`--password=${LOGIN.password}`))).exitCode).toBe(0);
    expect(
      (await slipway(['cr', 'login', `http://${registry.host}/v2/`, '-u', LOGIN.user, '-p', LOGIN.password]))
        .exitCode,
    ).toBe(0);
    expect(Object.keys((await config()).auths)).toEqual([registry.host]);
  });

  it('keeps nothing that the registry does not accept, and shows no password', async () => {
    const outcome = await slipway(login('--log-debug'), { env: { WERF_PASSWORD: 'wrong-password' } });
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toContain(
      `Error: ${registry.host} does not accept the user "robot" with this password`,
    );
    expect(outcome.stderr).toContain('right and still valid?');
    expect(outcome.stdout + outcome.stderr).not.toContain('wrong-password');
    await expect(lstat(docker)).rejects.toThrow('ENOENT');
  });

  it('says when there is no registry', async () => {
    const host = `127.0.0.1:${await freePort()}`;
    const outcome = await slipway(['cr', 'login', host, '-u', 'me', '-p', 'secret-one']);
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toContain(`logging in to ${host}`);
    expect(outcome.stderr).toContain('is the address right, and the registry up?');
    const odd = await slipway(['cr', 'login', 'a b', '-u', 'me', '-p', 'secret-one']);
    expect(odd.stderr).toContain('"a b" is not a registry');
  });

  it('says what is missing', async () => {
    const stderr = async (args: readonly string[], given?: Given) => (await slipway(args, given)).stderr;
    expect(await stderr(['cr', 'login', registry.host])).toContain('cr login needs a user');
    expect(await stderr(login())).toContain('cr login needs a password');
    expect(await stderr(login('--password-stdin'))).toContain('standard input holds no password');
    expect(await stderr(login('--password-stdin', '-p', 'x'))).toContain('the password is given twice');
  });

  it('gives them to the credential helper that config.json names, on its standard input', async () => {
    for (const [name, setting] of [
      ['store', { credsStore: 'store' }],
      ['own', { credsStore: 'missing', credHelpers: { [registry.host]: 'own' } }],
    ] as const) {
      const env = await givenHelper(name);
      await givenConfig(setting);
      const outcome = await slipway(login('--password-stdin'), { env, input: LOGIN.password });
      expect(outcome.stderr).toBe('');
      expect(outcome.stdout).toContain(`kept in docker-credential-${name}`);
      expect(await config()).toEqual({ ...setting, auths: { [registry.host]: {} } });
      expect(JSON.parse(await readFile(`${docker}-kept.store`, 'utf8'))).toEqual({
        ServerURL: registry.host,
        Username: LOGIN.user,
        Secret: LOGIN.password,
      });
      expect(await readFile(`${docker}-kept.calls`, 'utf8')).not.toContain(LOGIN.password);
    }
  });

  it('says why a credential helper did not take them', async () => {
    const env = await givenHelper('locked', 'echo "the key ring is locked"; exit 1');
    await givenConfig({ credsStore: 'locked' });
    const locked = await slipway(login('--password-stdin'), { env, input: LOGIN.password });
    expect(locked.exitCode).toBe(1);
    expect(locked.stderr).toContain('docker-credential-locked failed to store them: the key ring is locked');
    await givenConfig({ credsStore: 'nowhere' });
    const missing = await slipway(login('--password-stdin'), { input: LOGIN.password });
    expect(missing.stderr).toContain('docker-credential-nowhere is not in PATH');
    expect(await config()).toEqual({ credsStore: 'nowhere' });
  });

  it('repairs no file that it does not understand', async () => {
    for (const text of ['{"auths": ', '[]', '{"auths": 1}']) {
      await givenConfig(text);
      const outcome = await slipway(login('--password-stdin'), { input: LOGIN.password });
      expect(outcome.exitCode).toBe(1);
      expect(outcome.stderr).toContain(configFile());
      expect(await readFile(configFile(), 'utf8')).toBe(text);
    }
  });

  it('follows a link to the file', async () => {
    await mkdir(docker);
    const real = join(docker, 'real.json');
    await writeFile(real, '{}');
    await symlink('real.json', configFile());
    expect((await slipway(login('--password-stdin'), { input: LOGIN.password })).exitCode).toBe(0);
    expect((await lstat(configFile())).isSymbolicLink()).toBe(true);
    expect(Object.keys(JSON.parse(await readFile(real, 'utf8')).auths)).toEqual([registry.host]);
  });

  it('ends at once when it is stopped while it waits for the password', async () => {
    const child = builder.start(login('--password-stdin', '--log-debug'), { cwd: builder.home });
    const announced = new Promise((resolve) => child.stdout.once('data', resolve));
    const ended = new Promise((resolve) => child.once('close', resolve));
    await announced;
    child.kill('SIGTERM');
    expect(await ended).toBe(143);
  });
});

describe('cr logout', () => {
  it('removes the login however it is written, and nothing else', async () => {
    const other = { 'other.example.com': { auth: 'x' }, [`${registry.host}/part`]: { auth: 'y' } };
    await givenConfig({
      auths: { ...other, [`http://${registry.host}/v2/`]: {}, [registry.host]: { auth: 'z' } },
    });
    const outcome = await slipway(['cr', 'logout', registry.host]);
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(outcome.stdout).toContain(`Logged out of ${registry.host}\n`);
    expect(await config()).toEqual({ auths: other });
    const again = await slipway(['cr', 'logout', registry.host]);
    expect(again.exitCode).toBe(0);
    expect(again.stdout).toContain(`There was no login for ${registry.host}\n`);
  });

  it('means Docker Hub where no registry is named', async () => {
    await givenConfig({ auths: { 'https://index.docker.io/v1/': { auth: 'x' } } });
    expect((await slipway(['cr', 'logout'])).stdout).toContain('Logged out of docker.io');
    expect(await config()).toEqual({ auths: {} });
  });

  it('tells the credential helper', async () => {
    const env = await givenHelper('store');
    await givenConfig({ credsStore: 'store', auths: { [registry.host]: {} } });
    expect((await slipway(['cr', 'logout', registry.host], { env })).stdout).toContain('Logged out');
    expect(await readFile(`${docker}-kept.erase`, 'utf8')).toBe(registry.host);
    expect(await config()).toEqual({ credsStore: 'store', auths: {} });
    const without = await givenHelper('empty', 'echo "credentials not found in native keychain"; exit 1');
    await givenConfig({ credsStore: 'empty' });
    const none = await slipway(['cr', 'logout', registry.host], { env: without });
    expect([none.exitCode, none.stderr]).toEqual([0, '']);
    expect(none.stdout).toContain('There was no login');
  });
});
