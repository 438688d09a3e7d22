const MAGIC = '!<arch>\n';
const HEADER = 60;

export interface ArMember {
  readonly name: string;
  readonly content: Buffer;
}

/**
 * Members of an `ar` archive in its order, as Debian packages are: short names only.
 * @throws Error when the archive is cut off or is none
 */
export function readAr(archive: Buffer): readonly ArMember[] {
  if (archive.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new Error('this is no ar archive');
  const members: ArMember[] = [];
  for (let at = MAGIC.length; at < archive.length; ) {
    const header = archive.toString('latin1', at, at + HEADER);
    const size = Number(header.slice(48, 58).trim());
    if (header.length < HEADER || !header.endsWith('`\n') || !Number.isInteger(size))
      throw new Error(`the ar archive has a broken header at byte ${at}`);
    const start = at + HEADER;
    if (start + size > archive.length) throw new Error(`the ar archive ends within its member at byte ${at}`);
    members.push({
      name: header.slice(0, 16).trim().replace(/\/$/, ''),
      content: archive.subarray(start, start + size),
    });
    at = start + size + (size % 2);
  }
  return members;
}
