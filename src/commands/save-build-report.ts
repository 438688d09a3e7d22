import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../diagnostics/user-error.ts';
import type { BuildReport } from './build-report.ts';
import { buildReportEnv } from './build-report-env.ts';
import { buildReportJson } from './build-report-json.ts';
import type { ReportOptions } from './report-options.ts';

/**
 * Writes the report, all of it or nothing: readers never see half a file.
 * @param unique a name part that no other process chooses
 */
export async function saveBuildReport(
  report: BuildReport,
  { path, format }: Pick<ReportOptions, 'path' | 'format'>,
  unique: () => string,
): Promise<void> {
  const text = format === 'json' ? buildReportJson(report) : buildReportEnv(report);
  const temporary = `${path}.${unique()}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, text);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UserError('REPORT_UNWRITABLE', `the build report could not be written: ${reason}`, {
      hint: 'choose another place with --build-report-path',
      cause,
    });
  }
}
