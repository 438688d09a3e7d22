import { UserError } from '../diagnostics/user-error.ts';

const TYPES = [
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
] as const;

const UNLIMITED = '-1';

/**
 * Parses `type:soft[:hard],…` in the units of setrlimit(2); -1 is unlimited, a hard limit left out equals the soft one.
 * @returns `type:soft:hard` each
 * @throws UserError naming the part that is wrong
 */
export function parseUlimits(value: string): string[] {
  if (value.trim() === '') return [];
  const parsed = value.split(',').map((part) => parseUlimit(part.trim()));
  const types = parsed.map((limit) => limit.slice(0, limit.indexOf(':')));
  const twice = types.find((type, index) => types.indexOf(type) !== index);
  if (twice !== undefined) throw invalid(twice, 'is given twice');
  return parsed;
}

function parseUlimit(part: string): string {
  const [type = '', soft, hard = soft, ...more] = part.split(':');
  if (!TYPES.some((known) => known === type)) throw invalid(part, `"${type}" is no type of limit`);
  if (soft === undefined || more.length > 0)
    throw invalid(part, 'must be written as type:soft or type:soft:hard');
  for (const number of [soft, hard]) {
    if (number !== UNLIMITED && !/^[0-9]{1,19}$/.test(number ?? ''))
      throw invalid(part, `"${number}" is no number`);
  }
  if (isAbove(soft, hard ?? soft)) throw invalid(part, 'the soft limit is above the hard one');
  return `${type}:${soft}:${hard}`;
}

function isAbove(soft: string, hard: string): boolean {
  if (hard === UNLIMITED) return false;
  return soft === UNLIMITED || BigInt(soft) > BigInt(hard);
}

function invalid(part: string, reason: string): UserError {
  return new UserError('ULIMIT_INVALID', `WERF_BUILDAH_ULIMIT: "${part}": ${reason}`, {
    hint: `write type:soft[:hard],… with types ${TYPES.join(' ')}; numbers are bytes, seconds or counts, -1 is unlimited`,
  });
}
