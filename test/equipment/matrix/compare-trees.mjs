import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.mjs';

const TYPES = {
  2401: 'pipe',
  4802: 'character device',
  9604: 'directory',
  14406: 'block device',
  16807: 'file',
  21609: 'link',
  26411: 'socket',
};

/**
 * What makes two trees different: types, owners, modes, targets of links, devices, contents, links between files and attributes.
 * Times are left out.
 * @param {string} first
 * @param {string} second
 * @param {readonly { readonly path: RegExp, readonly why: string }[]} volatile files whose contents may differ, or that may be missing
 * @returns {Promise<{ entries: number, differences: string[], excused: string[] }>}
 */
export async function compareTrees(first, second, volatile = []) {
  const [one, other] = [await describe(first), await describe(second)];
  const differences = [];
  const excused = [];
  for (const path of [...new Set([...one.keys(), ...other.keys()])].sort()) {
    const [a, b] = [one.get(path), other.get(path)];
    const found = differencesOf(a, b);
    if (found.length === 0) continue;
    const onlyContent = !a || !b || found.every(({ field }) => field === 'content');
    const excuse = onlyContent && volatile.find((entry) => entry.path.test(path));
    const line = `${path}: ${found.map(({ text }) => text).join('; ')}`;
    if (excuse) excused.push(`${line} (${excuse.why})`);
    else differences.push(line);
  }
  return { entries: one.size, differences, excused };
}

function differencesOf(a, b) {
  if (!a || !b) return [{ field: 'presence', text: a ? 'missing in the second' : 'missing in the first' }];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((field) => a[field] !== b[field])
    .map((field) => ({ field, text: `${field} ${a[field]} and ${b[field]}` }));
}

/** @returns {Promise<Map<string, Record<string, string>>>} by path, starting with / */
async function describe(root) {
  const entries = new Map();
  const firstNames = new Map();
  const walk = (path) => {
    const file = join(root, path);
    const stat = lstatSync(file);
    entries.set(path === '' ? '/' : path, describeEntry(file, path, stat, firstNames));
    if (stat.isDirectory()) for (const name of readdirSync(file).sort()) walk(`${path}/${name}`);
  };
  walk('');
  for (const [path, attributes] of await attributesBelow(root)) {
    const entry = entries.get(path);
    if (entry) entry.attributes = attributes;
  }
  return entries;
}

function describeEntry(file, path, stat, firstNames) {
  const entry = {
    type: TYPES[stat.mode & 0o170000],
    owner: `${stat.uid}:${stat.gid}`,
    mode: (stat.mode & 0o7777).toString(8),
  };
  if (stat.isSymbolicLink()) return { ...entry, target: readlinkSync(file), mode: '' };
  if (stat.isCharacterDevice() || stat.isBlockDevice()) return { ...entry, device: String(stat.rdev) };
  if (!stat.isFile()) return entry;
  const same = firstNames.get(stat.ino) ?? path;
  firstNames.set(stat.ino, same);
  const content = createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 12);
  return { ...entry, content, ...(stat.nlink > 1 ? { 'the same file as': same } : {}) };
}

/** Extended attributes, as getfattr prints them. */
async function attributesBelow(root) {
  const { stdout } = await run('getfattr', ['-R', '-P', '-h', '-d', '-m', '-', '-e', 'hex', '.'], {
    cwd: root,
  });
  return stdout
    .split('\n\n')
    .filter((block) => block.startsWith('# file: '))
    .map((block) => {
      const [head, ...lines] = block.trim().split('\n');
      return [`/${head.slice('# file: '.length)}`, lines.sort().join(' ')];
    });
}
