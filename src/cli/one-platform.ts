import { UserError } from '../diagnostics/user-error.ts';
import type { Platform } from '../oci/platform.ts';

/** @throws UserError for several platforms, which this version cannot build */
export function onePlatform(platforms: readonly Platform[]): readonly Platform[] {
  if (platforms.length <= 1) return platforms;
  throw new UserError('NOT_SUPPORTED', `several platforms (${platforms.join(', ')}) are not supported yet`, {
    hint: 'build one platform at a time',
  });
}
