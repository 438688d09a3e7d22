import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { beforeEach, describe, expect, it } from 'vitest';
import { useRemote } from './remote-fixture.ts';

const fixture = useRemote();

/** Opens the branch main of a remote with a cache, and prints its commit. */
const PROGRAM = `
import { cliRemoteRepositories } from './src/git/cli/remote-repositories.ts';
import { machineLocks } from './src/locks/machine/machine-locks.ts';
const [url, work] = process.argv.slice(2);
const { hold } = machineLocks(work + '/locks');
const remotes = cliRemoteRepositories({ env: process.env, cache: work + '/cache', directory: work, hold });
const target = { kind: 'branch', branch: 'main' };
const request = { url, name: 'app', target, credentials: null };
const { commit } = await remotes.open(request, new AbortController().signal);
console.log(commit.id);
await remotes.close();
`;

let program: string;
beforeEach(async () => {
  program = join(fixture().work, 'program.mjs');
  await build({
    stdin: { contents: PROGRAM, resolveDir: join(import.meta.dirname, '../..'), loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile: program,
    logLevel: 'error',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
});

function started(url: string, env: Readonly<Record<string, string>> = {}): ChildProcess {
  const all = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', ...env };
  return spawn(process.execPath, [program, url, fixture().work], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: all,
  });
}

async function answer(child: ChildProcess): Promise<string> {
  const pieces: string[] = [];
  child.stdout?.on('data', (piece) => pieces.push(String(piece)));
  await once(child, 'close');
  return pieces.join('').trim();
}

describe('processes that share copies of remote repositories', () => {
  it('all get the commit when they fetch at once', async () => {
    const { remote } = fixture();
    const head = remote.git('rev-parse', 'main');
    const found = await Promise.all([1, 2, 3].map(() => answer(started(remote.root))));
    expect(found).toEqual([head, head, head]);
  });

  it('go on where one was killed in the middle of a fetch', async () => {
    const { remote, work } = fixture();
    // An ssh that begins, and then says nothing.
    const ssh = join(work, 'ssh');
    await writeFile(ssh, '#!/bin/sh\necho $$ > "$0.pid"; exec sleep 600\n');
    await chmod(ssh, 0o755);
    const url = `git@host.invalid:${remote.root}`;
    const killed = started(url, { GIT_SSH_COMMAND: ssh, GIT_SSH_VARIANT: 'ssh' });
    await expect.poll(() => existsSync(`${ssh}.pid`), { timeout: 20_000 }).toBe(true);
    killed.kill('SIGKILL');
    await once(killed, 'close');
    await writeFile(ssh, '#!/bin/sh\nkill $(cat "$0.pid")\nfor last; do :; done\nexec sh -c "$last"\n');
    const next = started(url, { GIT_SSH_COMMAND: ssh, GIT_SSH_VARIANT: 'ssh' });
    expect(await answer(next)).toBe(remote.git('rev-parse', 'main'));
  });
});
