import { once } from 'node:events';
import type { ObjectId } from '../objects.ts';
import { byteReader } from './byte-reader.ts';
import { type GitProgram, gitFailed } from './git-program.ts';
import type { ObjectReader } from './object-reader.ts';

/**
 * Those commits that equal `of` or are reachable from it, by one walk: git lists what is reachable from the candidates
 * but not from `of`, so the candidates that it does not list are what is looked for.
 */
export async function ancestorsAmong(
  git: GitProgram,
  objects: Pick<ObjectReader, 'facts'>,
  candidates: readonly ObjectId[],
  of: ObjectId,
): Promise<ReadonlySet<ObjectId>> {
  const asked = [...new Set([...candidates, of])];
  const facts = await objects.facts(asked);
  const known = new Set(asked.filter((_, i) => facts[i]?.type === 'commit'));
  if (!known.has(of)) return new Set();
  const ancestors = new Set(candidates.filter((id) => known.has(id)));
  if (ancestors.size === 0 || (ancestors.size === 1 && ancestors.has(of))) return ancestors;
  const args = ['rev-list', '--stdin'];
  const child = git.converse(args);
  const errors: Buffer[] = [];
  child.stderr.on('data', (piece: Buffer) => errors.push(piece));
  if (!child.stdin.write(`^${of}\n${[...ancestors].join('\n')}\n`)) await once(child.stdin, 'drain');
  child.stdin.end();
  const reader = byteReader(child.stdout);
  for (let line = await reader.line(); line !== null; line = await reader.line()) {
    ancestors.delete(line as ObjectId);
  }
  const { exitCode } = await child;
  if (exitCode !== 0) throw gitFailed(git.workTree, args, Buffer.concat(errors).toString('utf8').trim());
  return ancestors;
}
