import { execa } from 'execa';
import { UserError } from '../../diagnostics/user-error.ts';

/** Runs the git program in one work tree, undisturbed by the caller's git variables, never taking a lock. */
export interface GitProgram {
  readonly workTree: string;
  /** Output of a command that must succeed. */
  output(args: readonly string[], signal?: AbortSignal): Promise<Buffer>;
  /** Exit status and output of a command that may fail. */
  attempt(
    args: readonly string[],
    signal?: AbortSignal,
  ): Promise<{ readonly status: number; readonly text: string }>;
  /** Starts a command that is spoken with over its standard input and output. */
  converse(args: readonly string[], more?: Environment): Conversation;
}

/** A command that is spoken with. */
export type Conversation = ReturnType<typeof start>;

type Environment = Readonly<Record<string, string | undefined>>;

export function gitProgram(workTree: string, env: Environment): GitProgram {
  const options = { cwd: workTree, env: cleanEnvironment(env), extendEnv: false } as const;
  const run = (args: readonly string[], signal: AbortSignal | undefined) =>
    execa('git', globalArguments(args), {
      ...options,
      reject: false,
      encoding: 'buffer',
      stripFinalNewline: false,
      maxBuffer: Number.MAX_SAFE_INTEGER,
      stdin: 'ignore',
      ...(signal ? { cancelSignal: signal } : {}),
    });
  return {
    workTree,
    async output(args, signal) {
      const { exitCode, stdout, stderr, isCanceled } = await run(args, signal);
      if (isCanceled) signal?.throwIfAborted();
      if (exitCode === 0) return Buffer.from(stdout);
      throw gitFailed(
        workTree,
        args,
        Buffer.from(stderr ?? '')
          .toString()
          .trim(),
      );
    },
    async attempt(args, signal) {
      const { exitCode, stdout, isCanceled } = await run(args, signal);
      if (isCanceled) signal?.throwIfAborted();
      return {
        status: exitCode ?? -1,
        text: Buffer.from(stdout ?? '')
          .toString()
          .trim(),
      };
    },
    converse: (args, more = {}) => start(args, { ...options, env: { ...options.env, ...more } }),
  };
}

function start(args: readonly string[], options: { readonly cwd: string; readonly env: Environment }) {
  const child = execa('git', globalArguments(args), {
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
  /** What a command said that has ended its output too early; it may still be speaking. */
  const lastWords = async (): Promise<string> => {
    child.stdin.end();
    await child;
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

function globalArguments(args: readonly string[]): string[] {
  return ['-c', 'core.quotePath=false', ...args];
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
