import { execa } from 'execa';
import { UserError } from '../../diagnostics/user-error.ts';

/** Runs the git program in one work tree, undisturbed by the caller's git variables, never taking a lock. */
export interface GitProgram {
  readonly workTree: string;
  /** Output of a command that must succeed. */
  output(args: readonly string[], signal?: AbortSignal): Promise<Buffer>;
  /** A command that may fail. */
  attempt(args: readonly string[], signal?: AbortSignal): Promise<Attempt>;
  /** Starts a command that is spoken with over its standard input and output. */
  converse(args: readonly string[], more?: Environment): Conversation;
}

/** A command that is spoken with. */
export type Conversation = ReturnType<typeof start>;

export interface Attempt {
  /** -1 where it did not end by itself, or was not found. */
  readonly status: number;
  /** Standard output, trimmed. */
  readonly text: string;
  /** Standard error output, trimmed. */
  readonly said: string;
}

export interface GitOptions {
  /** Arguments in front of every command. */
  readonly settings?: readonly string[];
  /** Absolute path of the repository, where it is not to be looked for from the work tree on. */
  readonly gitDirectory?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function gitProgram(
  workTree: string,
  env: Environment,
  { settings = [], gitDirectory }: GitOptions = {},
): GitProgram {
  const place = gitDirectory === undefined ? {} : { GIT_DIR: gitDirectory };
  const options = { cwd: workTree, env: { ...cleanEnvironment(env), ...place }, extendEnv: false } as const;
  const all = (args: readonly string[]) => ['-c', 'core.quotePath=false', ...settings, ...args];
  const run = async (args: readonly string[], signal: AbortSignal | undefined) => {
    signal?.throwIfAborted();
    const child = execa('git', all(args), {
      ...options,
      reject: false,
      encoding: 'buffer',
      stripFinalNewline: false,
      maxBuffer: Number.MAX_SAFE_INTEGER,
      stdin: 'ignore',
    });
    const stop = () => {
      child.kill();
      // What git has started, such as ssh, may live on and keep them open.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const result = await child;
      if (result.failed) signal?.throwIfAborted();
      return result;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  };
  return {
    workTree,
    async output(args, signal) {
      const { exitCode, stdout, stderr } = await run(args, signal);
      if (exitCode === 0) return Buffer.from(stdout);
      throw gitFailed(workTree, args, textOf(stderr));
    },
    async attempt(args, signal) {
      const { exitCode, stdout, stderr } = await run(args, signal);
      return { status: exitCode ?? -1, text: textOf(stdout), said: textOf(stderr) };
    },
    converse: (args, more = {}) => start(all(args), { ...options, env: { ...options.env, ...more } }),
  };
}

function start(args: readonly string[], options: { readonly cwd: string; readonly env: Environment }) {
  const child = execa('git', args, {
    ...options,
    extendEnv: false,
    buffer: false,
    reject: false,
  });
  child.stdin.on('error', () => undefined);
  // It may have said it, and closed its standard error, long before anybody asks.
  let said: Buffer = Buffer.alloc(0);
  child.stderr.on('data', (piece: Buffer) => {
    said = Buffer.concat([said, piece]).subarray(-LONGEST_WORDS);
  });
  // The end of the process may be known before the last of its words.
  const silent = new Promise<void>((resolve) => child.stderr.once('close', resolve));
  /** What a command said that has ended its output too early; it may still be speaking. */
  const lastWords = async (): Promise<string> => {
    child.stdin.end();
    await child;
    if (child.pid !== undefined) await silent;
    return said.toString('utf8').trim() || 'it ended unexpectedly';
  };
  return Object.assign(child, { lastWords });
}

/** Bytes of its errors that are kept of a command that may run long. */
const LONGEST_WORDS = 16_384;

/** Variables that would send git to another repository, index or path. */
const MISLEADING = new Set([
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_COMMON_DIR',
  'GIT_INDEX_FILE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_NAMESPACE',
  'GIT_PREFIX',
  'GIT_LITERAL_PATHSPECS',
  'GIT_GLOB_PATHSPECS',
  'GIT_NOGLOB_PATHSPECS',
  'GIT_ICASE_PATHSPECS',
]);

function cleanEnvironment(env: Environment): Environment {
  const kept = Object.entries(env).filter(([name]) => !MISLEADING.has(name));
  return { ...Object.fromEntries(kept), LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' };
}

function textOf(output: Uint8Array | undefined): string {
  return Buffer.from(output ?? '')
    .toString()
    .trim();
}

export function gitFailed(workTree: string, args: readonly string[], said: string): UserError {
  if (said.includes('dubious ownership')) {
    return new UserError(
      'GIT_FOREIGN_OWNER',
      `${workTree} belongs to another user, so git refuses to read it`,
      {
        hint: `git config --global --add safe.directory '${workTree}'`,
      },
    );
  }
  if (said.includes('/dev/null')) {
    return new UserError('NO_DEV_NULL', `git cannot work without /dev/null: ${said.split('\n')[0]}`, {
      hint: '`sudo rm -f /dev/null` and `sudo mknod -m 666 /dev/null c 1 3`; `slipway doctor` tells more',
    });
  }
  return new UserError('GIT_FAILED', `git ${args[0] ?? ''} failed in ${workTree}: ${said}`);
}
