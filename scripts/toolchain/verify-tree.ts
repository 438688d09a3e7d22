import { posix } from 'node:path';
import { isElf, readElf } from './elf.ts';
import { LOADER, PREFIX, type Target } from './prefix.ts';
import { fileAt, type Tree } from './tree.ts';

/** What would be taken from outside the prefix, or is not there; empty when all is well. Runs nothing. */
export function problemsOf(tree: Tree, target: Target): readonly string[] {
  const problems: string[] = [];
  for (const [path, node] of tree) {
    const say = (what: string) => problems.push(`${path}: ${what}`);
    if (node.kind === 'link') {
      const to = posix.join(posix.dirname(path), node.target);
      if (node.target.startsWith('/') || to.startsWith('../'))
        say(`leads out of the prefix to ${node.target}`);
    } else if (isElf(node.content)) {
      for (const problem of problemsOfElf(node.content, tree, target)) say(problem);
    } else if (/^embedded\/s?bin\//.test(path)) {
      const interpreter = /^#!\s*(\S+)/.exec(node.content.toString('latin1', 0, 200))?.[1];
      if (interpreter === undefined) say('is neither a program nor a script');
      else if (!interpreter.startsWith(`${PREFIX}/`)) say(`is a script for ${interpreter}`);
      else if (!fileAt(tree, interpreter.slice(PREFIX.length + 1)))
        say(`is a script for ${interpreter}, which is not there`);
    }
  }
  return problems.sort();
}

function problemsOfElf(content: Buffer, tree: Tree, target: Target): readonly string[] {
  const elf = readElf(content);
  const problems: string[] = [];
  if (elf.architecture !== target.architecture) problems.push(`is for ${elf.architecture}`);
  if (elf.interpreter && elf.interpreter.value !== LOADER)
    problems.push(`is run by ${elf.interpreter.value} instead of ${LOADER}`);
  for (const name of elf.needed)
    if (!fileAt(tree, `lib/${name}`)) problems.push(`needs ${name}, which is not there`);
  for (const { value } of elf.runPaths)
    if (!value.startsWith(`${PREFIX}/`) && !value.startsWith('$ORIGIN'))
      problems.push(`looks for libraries in ${value}`);
  return problems;
}
