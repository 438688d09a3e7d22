import { extname, resolve } from 'node:path';
import type { ReportFormat, ReportOptions } from '../commands/report-options.ts';
import type { Environment } from '../commands/session.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { buildFlags } from './build-flags.ts';
import type { FlagValues } from './flag.ts';

/** Where the report is and in which form. @throws UserError for an extension that says neither */
export function reportOptionsOf(
  flags: Pick<FlagValues<typeof buildFlags>, 'saveBuildReport' | 'useBuildReport' | 'buildReportPath'>,
  env: Environment,
  cwd: string,
): ReportOptions {
  return {
    save: flags.saveBuildReport,
    use: flags.useBuildReport,
    path: resolve(cwd, flags.buildReportPath),
    format: reportFormat(flags.buildReportPath),
    byPlatform: env['WERF_ENABLE_REPORT_BY_PLATFORM'] === '1',
  };
}

/** `.json` or nothing is JSON, `.env` is the other form. A dot in front is part of the name. */
export function reportFormat(path: string): ReportFormat {
  const extension = path.endsWith('/.env') || path === '.env' ? '.env' : extname(path);
  if (extension === '' || extension === '.json') return 'json';
  if (extension === '.env') return 'env';
  throw new UserError('REPORT_EXTENSION', `the build report cannot be written as "${extension}": ${path}`, {
    hint: 'let --build-report-path end in .json or .env',
  });
}
