import { readFile } from 'node:fs/promises';

/** The text of a note; null: there is none of that name. */
export async function noteText(name) {
  if (!/^[\w-]+$/.test(name)) return null;
  return await readFile(`content/${name}.md`, 'utf8').catch(() => null);
}
