import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { LineEndRule, LineEnds } from '../line-ends.ts';
import type { ObjectId, RepoPath } from '../objects.ts';
import { byteReader } from './byte-reader.ts';
import { type GitProgram, gitFailed } from './git-program.ts';
import type { Submodules } from './submodules.ts';
import type { TreeWalk } from './tree-walk.ts';

/** A commit whose attributes count for what lies below a path. */
interface Root {
  readonly git: GitProgram;
  readonly commit: ObjectId;
  /** '' or a path with a slash behind it. */
  readonly prefix: string;
}

/** Asks git for the attributes, in repositories where some `.gitattributes` names the line ends of DOS at all. */
export function cliLineEnds(
  git: GitProgram,
  submodules: Pick<Submodules, 'entered'>,
  entry: TreeWalk['entry'],
): LineEnds {
  const rootsOf = async (commit: ObjectId): Promise<readonly Root[]> => {
    const inside: Root[] = [];
    for (const submodule of submodules.entered()) {
      const found = await entry(commit, submodule.path);
      if (found?.id === submodule.commit) inside.push({ ...submodule, prefix: `${submodule.path}/` });
    }
    // The innermost one that a path lies in counts.
    inside.sort((a, b) => b.prefix.length - a.prefix.length);
    return [...inside, { git, commit, prefix: '' }];
  };
  return {
    async rules(commit, paths, signal) {
      const rules = new Map<RepoPath, LineEndRule>();
      let left = paths;
      for (const root of await rootsOf(commit)) {
        const own = left.filter((path) => path.startsWith(root.prefix));
        left = left.filter((path) => !path.startsWith(root.prefix));
        if (own.length === 0 || !(await namesDosLineEnds(root, signal))) continue;
        const inside = own.map((path) => path.slice(root.prefix.length));
        for (const [path, rule] of await rulesOf(root, inside, signal)) {
          rules.set(`${root.prefix}${path}`, rule);
        }
      }
      return rules;
    },
  };
}

async function namesDosLineEnds({ git, commit }: Root, signal: AbortSignal): Promise<boolean> {
  const pattern = ['--quiet', '--text', '--fixed-strings', '--threads=1', '-e', 'eol=crlf'];
  const { status, text } = await git.attempt(
    ['grep', ...pattern, commit, '--', ':(top,glob)**/.gitattributes'],
    signal,
  );
  if (status > 1 || status < 0) throw gitFailed(git.workTree, ['grep'], text);
  return status === 0;
}

/** An empty repository beside the real one: without the user's `info/attributes`, and with an index of its own. */
async function rulesOf(
  { git, commit }: Root,
  paths: readonly RepoPath[],
  signal: AbortSignal,
): Promise<ReadonlyMap<RepoPath, LineEndRule>> {
  const objects = (await git.output(['rev-parse', '--git-path', 'objects'], signal)).toString('utf8').trim();
  const directory = await mkdtemp(join(tmpdir(), 'werf-attributes-'));
  try {
    const env = {
      GIT_DIR: directory,
      GIT_OBJECT_DIRECTORY: resolve(git.workTree, objects),
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_ATTR_NOSYSTEM: '1',
      GIT_DEFAULT_HASH: commit.length === 64 ? 'sha256' : 'sha1',
    };
    await conversation(git, ['init', '--quiet', '--bare', '--template=', directory], '', env);
    await conversation(git, ['read-tree', commit], '', env);
    const settings = ['-c', 'core.attributesFile=/dev/null', '-c', 'core.ignoreCase=false'];
    const asked = [...settings, 'check-attr', '--cached', '-z', '--stdin', 'text', 'crlf', 'eol'];
    const answers = await conversation(git, asked, paths.map((path) => `${path}\0`).join(''), env);
    return rulesFrom(answers.toString('utf8').split('\0'));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** @param fields path, attribute and value of each path and attribute */
function rulesFrom(fields: readonly string[]): ReadonlyMap<RepoPath, LineEndRule> {
  const attributes = new Map<RepoPath, Map<string, string>>();
  for (let at = 0; at + 2 < fields.length; at += 3) {
    const [path = '', name = '', value = ''] = fields.slice(at, at + 3);
    attributes.set(path, (attributes.get(path) ?? new Map()).set(name, value));
  }
  const rules = new Map<RepoPath, LineEndRule>();
  for (const [path, values] of attributes) {
    const rule = values.get('eol') === 'crlf' ? ruleFor(textOf(values)) : null;
    if (rule !== null) rules.set(path, rule);
  }
  return rules;
}

/** `crlf` is what `text` was called once. */
function textOf(values: ReadonlyMap<string, string>): string {
  const text = values.get('text') ?? 'unspecified';
  return text === 'unspecified' ? (values.get('crlf') ?? 'unspecified') : text;
}

function ruleFor(text: string): LineEndRule | null {
  if (text === 'unset') return null;
  return text === 'auto' ? 'auto' : 'text';
}

/** @returns everything that a command answers to an input */
async function conversation(
  git: GitProgram,
  args: readonly string[],
  input: string,
  env: Readonly<Record<string, string>>,
): Promise<Buffer> {
  const child = git.converse(args, env);
  const errors: Buffer[] = [];
  child.stderr.on('data', (piece: Buffer) => errors.push(piece));
  child.stdin.end(input);
  const answer = await byteReader(child.stdout).rest();
  const { exitCode } = await child;
  if (exitCode === 0) return answer;
  throw gitFailed(git.workTree, args, Buffer.concat(errors).toString('utf8').trim());
}
