import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Builder } from './builder.ts';

export interface TestAgent {
  readonly socket: string;
  stop(): Promise<void>;
}

/** A real agent with one key, of the builder's user. @param comment of the key, which its answers hold */
export async function startAgent(builder: Builder, user: string, comment: string): Promise<TestAgent> {
  const directory = await mkdtemp(join(tmpdir(), 'slipway-agent-'));
  const id = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }));
  const as = { uid: id('-u'), gid: id('-g') };
  await chown(directory, as.uid, as.gid);
  const socket = join(directory, 'agent');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore', ...as });
  for (let attempt = 0; attempt < 100 && !existsSync(socket); attempt++) await sleep(20);
  builder.other('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', join(directory, 'id')]);
  builder.other('env', [`SSH_AUTH_SOCK=${socket}`, 'ssh-add', '-q', join(directory, 'id')]);
  return {
    socket,
    async stop() {
      agent.kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Asks an agent for its keys, as ssh-add does, by what the base image `debian` has: says `asked, and it has the key`. */
export function askingFor(comment: string): string {
  return `perl -MIO::Socket::UNIX -e '\
my $agent = IO::Socket::UNIX->new(Peer => $ENV{SSH_AUTH_SOCK}) or die "no agent"; \
syswrite $agent, pack("NC", 1, 11); sysread $agent, my $answer, 4096; \
print "asked, and it has ", $answer =~ /${comment}/ ? "the key" : "no key", "\\n"'`;
}
