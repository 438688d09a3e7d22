import { parseStageId } from '../stages/stage-id.ts';
import { isBaseCopy } from './base-copies.ts';
import { isCustomTagRecord } from './record-tags.ts';

/** null: a tag that is none of the project's own. */
export type ProjectTag = 'stage' | 'index' | 'rejected' | 'record' | 'custom-tag-record' | 'base-copy' | null;

/** What a tag of a repository is, by its form. What belongs to one repository alone, such as the time of its cleanup, is none. */
export function projectTag(tag: string): ProjectTag {
  if (parseStageId(tag)) return 'stage';
  if (/^[0-9a-f]{56}$/.test(tag)) return 'index';
  if (/^[0-9a-f]{56}-[0-9]{13}-rejected$/.test(tag)) return 'rejected';
  if (isCustomTagRecord(tag)) return 'custom-tag-record';
  if (isBaseCopy(tag)) return 'base-copy';
  return /^(?:managed-image-|import-metadata-|meta-[0-9a-f]{8}_)/.test(tag) ? 'record' : null;
}

/** Whether a tag, once written, always names the same. */
export function isImmutable(kind: ProjectTag): boolean {
  return kind === 'stage' || kind === 'rejected' || kind === 'record';
}
