import type { Commit, ObjectId } from './objects.ts';

/** Reads the text of a commit object. */
export function parseCommit(id: ObjectId, text: string): Commit {
  const header = text.slice(0, text.indexOf('\n\n') + 1);
  const values = (key: string) =>
    header
      .split('\n')
      .filter((line) => line.startsWith(`${key} `))
      .map((line) => line.slice(key.length + 1));
  const [, seconds = '0', zone = '+0000'] = /> (\d+) ([+-]\d{4})$/.exec(values('committer')[0] ?? '') ?? [];
  const sign = zone.startsWith('-') ? -1 : 1;
  return {
    id,
    parents: values('parent') as ObjectId[],
    committedAt: Number(seconds),
    zoneMinutes: sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3))),
  };
}
