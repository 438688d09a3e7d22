import { type Architecture, readElf } from './elf.ts';
import { LOADER, PREFIX, type Target } from './prefix.ts';

/** Something of a file that must be there to be changed is not: the package was made in another way than the known ones. */
export class PatchMissed extends Error {}

function positionsOf(content: Buffer, wanted: Buffer): readonly number[] {
  const positions: number[] = [];
  for (let at = content.indexOf(wanted); at >= 0; at = content.indexOf(wanted, at + 1)) positions.push(at);
  return positions;
}

/** A path of just this many bytes: slashes after `PREFIX`, or after the first directory, fill it up. */
export function stretched(path: string, length: number): string {
  const head = path.startsWith(`${PREFIX}/`) ? PREFIX : (/^\/[^/]+/.exec(path)?.[0] ?? '');
  const rest = path.slice(head.length);
  const fill = length - path.length;
  if (fill < 0) throw new PatchMissed(`${path} is longer than the ${length} bytes that there are for it`);
  return head + '/'.repeat(fill) + rest;
}

/**
 * Puts a path in the place of another, wherever the file holds it as a whole string or at the start of one.
 * @param end what follows the old path: a zero, or `/` for what lies below it
 * @throws PatchMissed when the file does not hold it
 */
export function replacePath(content: Buffer, old: string, path: string, end: '\0' | '/' | '' = ''): void {
  const positions = positionsOf(content, Buffer.from(`\0${old}${end}`));
  if (positions.length === 0) throw new PatchMissed(`it does not hold the path ${old}`);
  for (const at of positions) content.write(stretched(path, old.length), at + 1, 'latin1');
}

/** The interpreter and the paths of libraries, as every dynamic program has them. */
export function confine(content: Buffer, target: Target): void {
  const elf = readElf(content);
  if (elf.architecture !== target.architecture) throw new PatchMissed(`it is for ${elf.architecture}`);
  if (elf.interpreter) {
    const { offset, room } = elf.interpreter;
    if (LOADER.length >= room) throw new PatchMissed('its interpreter has a shorter path than ours');
    content.fill(0, offset, offset + room);
    content.write(LOADER, offset, 'latin1');
  }
  for (const { value, offset } of elf.runPaths)
    if (!value.startsWith('$ORIGIN'))
      content.write(stretched(`${PREFIX}/lib`, value.length), offset, 'latin1');
}

/**
 * Makes a program start others by their name in PATH and `sh` instead of `/bin/sh`, which an image may lack: calls of
 * one function become calls of its sibling that searches, and the path becomes a name.
 */
export function searchForShell(content: Buffer, siblings: Readonly<Record<string, string>>): void {
  const elf = readElf(content);
  const nameOf = (name: string) => elf.imports.find((symbol) => symbol.name === name);
  for (const [name, sibling] of Object.entries(siblings)) {
    const [from, to] = [nameOf(name), nameOf(sibling)];
    if (!from || !to) throw new PatchMissed(`it does not call both ${name} and ${sibling}`);
    content.writeUInt32LE(content.readUInt32LE(to.field), from.field);
  }
  const shells = positionsOf(content, Buffer.from('\0/bin/sh\0'));
  if (shells.length === 0) throw new PatchMissed('it does not hold /bin/sh');
  for (const at of shells) content.write('sh\0\0\0\0\0', at + 1, 'latin1');
}

/** The loader looks for libraries below the prefix alone and heeds no variable of the environment. */
export function confineLoader(content: Buffer, { architecture, triplet }: Target): void {
  replacePath(content, `/lib/${triplet}/`, `${PREFIX}/lib/`, '\0');
  replacePath(content, `/usr/lib/${triplet}/`, `${PREFIX}/lib/`, '\0');
  replacePath(content, '/usr/lib/', '/.werf/-/', '\0');
  replacePath(content, '/lib/', '/.-./', '\0');
  replacePath(content, '/etc/ld.so.cache', `${PREFIX}/-`, '\0');
  replacePath(content, '/etc/ld.so.preload', `${PREFIX}/-`, '\0');
  ignoreVariables(content, architecture);
}

/**
 * The loader tells its variables by comparing their first three bytes with `L`, `D` and `_`, one after the other. The
 * byte that takes the place of `L` starts no variable.
 */
function ignoreVariables(content: Buffer, architecture: Architecture): void {
  const positions = architecture === 'amd64' ? comparisonsOfAmd64(content) : comparisonsOfArm64(content);
  if (positions.length !== 1)
    throw new PatchMissed(`it compares variables with LD_ in ${positions.length} places instead of one`);
  const [at = 0] = positions;
  if (architecture === 'amd64') content[at + 2] = 1;
  else content.writeUInt32LE(compare(content.readUInt32LE(at), 1), at);
}

/** `cmpb $'L',(reg); jne; cmpb $'D',1(reg); jne; cmpb $'_',2(reg)`, for a register of the first eight. */
function comparisonsOfAmd64(content: Buffer): readonly number[] {
  return positionsOf(content, Buffer.from([0x4c, 0x75])).flatMap((position) => {
    const at = position - 2;
    const rest = content.toString('latin1', at, at + 15);
    const register = content[at + 1] ?? 0;
    const next = String.fromCharCode(register | 0x40);
    const pattern = `\x80${String.fromCharCode(register)}Lu?\x80${next}\x01Du?\x80${next}\x02_`;
    return [...pattern].every((char, index) => char === '?' || char === rest[index]) ? [at] : [];
  });
}

/** `cmp wN, #value` of any register. */
const compare = (word: number, value: number) => ((word & 0xffc003ff) | (value << 10)) >>> 0;
const isComparison = (word: number, value: number) =>
  (word & 0xfffffc1f) >>> 0 === (0x7100001f | (value << 10)) >>> 0;

/** Comparisons with `L`, `D` and `_`, each followed by a jump and the load of the next byte. */
function comparisonsOfArm64(content: Buffer): readonly number[] {
  const found: number[] = [];
  for (let at = 0; at + 28 <= content.length; at += 4) {
    const is = (index: number, value: string) =>
      isComparison(content.readUInt32LE(at + 4 * index), value.charCodeAt(0));
    if (is(0, 'L') && is(3, 'D') && is(6, '_')) found.push(at);
  }
  return found;
}

/** Locales are ours, and converters of the image, which need its own library, are none. */
export function confineLibc(content: Buffer, { triplet }: Target): void {
  replacePath(content, '/usr/lib/locale', `${PREFIX}/l`);
  replacePath(content, `/usr/lib/${triplet}/gconv`, `${PREFIX}/-`);
}

/** Trusts our bundle, and certificates that the image's directory links by their hash. */
export function confineLibcrypto(content: Buffer, { triplet }: Target): void {
  replacePath(content, '/usr/lib/ssl/cert.pem', `${PREFIX}/ca.pem`, '\0');
  replacePath(content, '/usr/lib/ssl/certs', '/etc/ssl/certs', '\0');
  replacePath(content, `/usr/lib/${triplet}/ossl-modules`, `${PREFIX}/lib/ossl-modules`, '\0');
  replacePath(content, `/usr/lib/${triplet}/engines-3`, `${PREFIX}/lib/-`, '\0');
}
