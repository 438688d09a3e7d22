import { resolve } from 'node:path';
import type { CopyPlace } from '../commands/copy-request.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { parseRepository } from '../oci/repository-address.ts';

const ARCHIVE = 'archive:';

/** @param option without dashes @throws UserError for what is missing, or neither an address nor an archive */
export function copyPlaceOf(option: 'from' | 'to', text: string | null, cwd: string): CopyPlace {
  if (text === null || text === '') {
    throw new UserError('CLI_VALUE_MISSING', `\`stages copy\` needs --${option}`, {
      hint: 'give the address of a repository, or archive:PATH',
    });
  }
  if (text.startsWith(ARCHIVE)) {
    const path = text.slice(ARCHIVE.length);
    if (path === '') throw new UserError('CLI_BAD_VALUE', `--${option}: "${text}" names no file`);
    return { kind: 'archive', path: resolve(cwd, path), text };
  }
  const parsed = parseRepository(text);
  if (parsed.ok) return { kind: 'repository', address: parsed.address, text };
  throw new UserError(
    'CLI_BAD_VALUE',
    `--${option}: "${text}" is not a repository address: ${parsed.reason}`,
    {
      hint: 'give the address of a repository, or archive:PATH',
    },
  );
}
