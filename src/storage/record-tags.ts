import { createHash } from 'node:crypto';
import { isIndexTag } from '../stages/index-tag.ts';
import { formatStageId, parseStageId, type StageId } from '../stages/stage-id.ts';

/** Longest tag that registries take. */
const LONGEST = 128;
const NAMELESS = '__nameless__';
const ESCAPES: readonly (readonly [string, string])[] = [
  [' ', '__space__'],
  ['/', '__slash__'],
  ['+', '__plus__'],
];
const MANAGED = 'managed-image-';
const CUSTOM = 'custom-tag-meta-';

/** Tag of the record that says: the project has an image of this name. @param image '' is the nameless image */
export function managedImageTag(image: string): string {
  if (image === '') return `${MANAGED}${NAMELESS}`;
  return fitting(
    `${MANAGED}${ESCAPES.reduce((text, [from, to]) => text.replaceAll(from, to), image)}`,
    image,
  );
}

/** @returns null for other tags, and for names that did not fit into one */
export function managedImageName(tag: string): string | null {
  if (!tag.startsWith(MANAGED)) return null;
  const written = tag.slice(MANAGED.length);
  if (written === NAMELESS) return '';
  const name = ESCAPES.reduce((text, [from, to]) => text.replaceAll(to, from), written);
  return managedImageTag(name) === tag ? name : null;
}

/** An image at a commit is this. */
export interface CommitRecord {
  readonly image: string;
  readonly commit: string;
  /** Tag of its last stage, or of the index of those of its platforms. */
  readonly tag: string;
}

/** Names of images in records of commits: only compared with those of known names. */
export function imageHash(image: string): string {
  return createHash('sha256').update(image).digest('hex').slice(0, 8);
}

/** Ids of SHA-256 repositories would not fit into a tag: their first 40 digits do. */
export function commitTag({ image, commit, tag }: CommitRecord): string {
  return `meta-${imageHash(image)}_${commit.slice(0, 40)}_${tag}`;
}

/** @returns null for other tags */
export function parseCommitTag(
  text: string,
): { readonly imageHash: string; readonly commit: string; readonly tag: string } | null {
  const [, hash = '', commit = '', tag = ''] = /^meta-([0-9a-f]{8})_([0-9a-f]{40})_(.+)$/.exec(text) ?? [];
  return parseStageId(tag) || isIndexTag(tag) ? { imageHash: hash, commit, tag } : null;
}

export function rejectedTag(stage: StageId): string {
  return `${formatStageId(stage)}-rejected`;
}

/** Tag of the record of a custom tag. */
export function customTagRecordTag(tag: string): string {
  const hash = createHash('sha256').update(tag).digest('hex').slice(0, 8);
  return `${CUSTOM}${tag.length <= 48 ? tag : `${tag.slice(0, 39)}-${hash}`}`;
}

export function isCustomTagRecord(tag: string): boolean {
  return tag.startsWith(CUSTOM);
}

/** A tag, cut and told apart by a hash where it is none as it stands. */
function fitting(tag: string, of: string): string {
  if (tag.length <= LONGEST && /^[\w][\w.-]*$/.test(tag)) return tag;
  const hash = createHash('sha256').update(of).digest('hex').slice(0, 16);
  return `${tag.replace(/[^\w.-]/g, '_').slice(0, LONGEST - 17)}-${hash}`;
}
