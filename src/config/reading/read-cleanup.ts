import { namePattern } from '../name-pattern.ts';
import type { CleanupSettings, KeepLimit, KeepPolicy } from '../project-settings.ts';
import type { MetaSection } from '../schema/meta-section.ts';

type CleanupFields = MetaSection['cleanup'];
type PolicyFields = NonNullable<NonNullable<CleanupFields>['keepPolicies']>[number];
type LimitFields = PolicyFields['imagesPerReference'];

const WEEK = 604_800_000;
const NO_LIMIT: KeepLimit = { last: -1, within: null, operator: 'And' };
const NEWEST: KeepLimit = { ...NO_LIMIT, last: 1 };

export function readCleanup(fields: CleanupFields): CleanupSettings {
  const given = (fields?.keepPolicies ?? []).map(readPolicy);
  return {
    disable: fields?.disable ?? false,
    disableKubernetesBasedPolicy: fields?.disableKubernetesBasedPolicy ?? false,
    disableGitHistoryBasedPolicy: fields?.disableGitHistoryBasedPolicy ?? false,
    disableBuiltWithinLastNHoursPolicy: fields?.disableBuiltWithinLastNHoursPolicy ?? false,
    keepImagesBuiltWithinLastNHours: fields?.keepImagesBuiltWithinLastNHours ?? 2,
    keepPolicies: given.length > 0 ? given : builtInPolicies(),
  };
}

function readPolicy({ references, imagesPerReference }: PolicyFields): KeepPolicy {
  const { branch, tag, limit } = references;
  const named = branch ? { kind: 'branch' as const, name: branch } : { kind: 'tag' as const, name: tag };
  if (!named.name) throw new TypeError('the schema lets no policy without a name pass');
  return {
    references: { kind: named.kind, name: named.name, limit: readLimit(limit, NO_LIMIT) },
    imagesPerReference: readLimit(imagesPerReference, NEWEST),
  };
}

/** @param absent the limit where neither a number nor an age is given */
function readLimit(fields: LimitFields, absent: KeepLimit): KeepLimit {
  if (!fields || (fields.last === undefined && fields.in === undefined)) return absent;
  return { last: fields.last ?? -1, within: fields.in ?? null, operator: fields.operator };
}

/** What is kept where the file names no policies: a later one replaces an earlier one. */
function builtInPolicies(): readonly KeepPolicy[] {
  const policy = (kind: 'branch' | 'tag', name: string, limit: KeepLimit, images: KeepLimit): KeepPolicy => {
    const pattern = namePattern(name);
    if ('error' in pattern) throw new TypeError(pattern.error);
    return { references: { kind, name: pattern, limit }, imagesPerReference: images };
  };
  const recent = (last: number): KeepLimit => ({ last, within: WEEK, operator: 'And' });
  return [
    policy('tag', '/.*/', { ...NO_LIMIT, last: 10 }, NEWEST),
    policy('branch', '/.*/', recent(10), recent(2)),
    policy('branch', '/main|master|staging|production/', NO_LIMIT, { ...NO_LIMIT, last: 10 }),
  ];
}
