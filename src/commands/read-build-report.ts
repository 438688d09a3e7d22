import { readFile } from 'node:fs/promises';
import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { type Platform, parsePlatform } from '../oci/platform.ts';
import type { ReportOptions } from './report-options.ts';

/** What is taken from a report in place of a build. */
export interface ReportedImage {
  readonly WerfImageName: string;
  readonly DockerImageName: string;
  readonly DockerRepo: string;
  readonly DockerTag: string;
  readonly DockerImageID: string;
  /** Those of the report; empty: it does not say. */
  readonly platforms: readonly Platform[];
}

const FIELDS = ['WerfImageName', 'DockerImageName', 'DockerRepo', 'DockerTag', 'DockerImageID'] as const;

/**
 * Reads the images of a JSON report.
 * @param wanted names that must be in it; '' is the nameless image; empty: all of the report
 * @throws UserError when it is not there, is not such a report, lacks an image or one of the fields
 */
export async function readBuildReport(
  { path, format }: Pick<ReportOptions, 'path' | 'format'>,
  wanted: readonly string[],
): Promise<ReadonlyMap<string, ReportedImage>> {
  if (format !== 'json') {
    throw new UserError('REPORT_INVALID', `images can be taken from a report in JSON only, not from ${path}`);
  }
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new UserError('REPORT_UNREADABLE', `the build report could not be read: ${cause.message}`, {
      hint: 'write one with `slipway build --save-build-report`, or name it with --build-report-path',
      cause,
    });
  });
  return parseBuildReport(text, path, wanted);
}

/** @param path for messages */
export function parseBuildReport(
  text: string,
  path: string,
  wanted: readonly string[],
): ReadonlyMap<string, ReportedImage> {
  const records = imagesOf(text, path);
  const missing = wanted.filter((name) => !records.has(name));
  if (missing.length > 0) {
    const names = missing.map((name) => (name === '' ? '~' : name)).join(', ');
    throw new UserError('REPORT_IMAGE_MISSING', `the build report ${path} does not hold: ${names}`, {
      hint: 'build these images with --save-build-report first',
    });
  }
  const taken = wanted.length === 0 ? [...records.keys()] : wanted;
  const checked = taken.map((name) => ({ name, ...check(name, records.get(name), path) }));
  const problems = checked.flatMap((image) => image.problems);
  if (problems.length > 0) {
    throw new UserError('REPORT_INVALID', `the build report ${path} is incomplete`, { problems });
  }
  return new Map(checked.flatMap(({ name, image }) => (image ? [[name, image] as const] : [])));
}

function imagesOf(text: string, path: string): ReadonlyMap<string, unknown> {
  const invalid = (reason: string, cause?: unknown) =>
    new UserError('REPORT_INVALID', `${path} is not a build report: ${reason}`, { cause });
  let report: unknown;
  try {
    report = JSON.parse(text);
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (!isRecord(report) || !isRecord(report['Images'])) throw invalid('it has no "Images"');
  return new Map(Object.entries(report['Images']));
}

function check(
  name: string,
  record: unknown,
  path: string,
): { readonly image: ReportedImage | null; readonly problems: readonly Problem[] } {
  const values = isRecord(record) ? record : {};
  const empty = FIELDS.filter((field) => {
    const value = values[field];
    // The nameless image's name is empty, and known by its key.
    if (field === 'WerfImageName' && name === '') return value !== '';
    return typeof value !== 'string' || value === '';
  });
  if (empty.length === 0) {
    const text = (field: (typeof FIELDS)[number]) => String(values[field]);
    const image = {
      WerfImageName: text('WerfImageName'),
      DockerImageName: text('DockerImageName'),
      DockerRepo: text('DockerRepo'),
      DockerTag: text('DockerTag'),
      DockerImageID: text('DockerImageID'),
      platforms: platformsOf(values),
    };
    return { image, problems: [] };
  }
  const position = { file: path, line: 0, column: 0 };
  const shown = name === '' ? '~' : name;
  return {
    image: null,
    problems: empty.map((field) => ({
      code: 'REPORT_FIELD_EMPTY',
      message: `image ${shown}: the field ${field} is missing or empty`,
      position,
    })),
  };
}

/** That of an image; those of an index are known from the names of its stages, such as `from (linux/arm64)`. */
function platformsOf(values: Readonly<Record<string, unknown>>): readonly Platform[] {
  const { TargetPlatform: own, Stages: stages } = values;
  const names = Array.isArray(stages)
    ? stages.map((stage) => (isRecord(stage) ? String(stage['Name']) : ''))
    : [];
  const all = own === '' ? names.map((name) => /\(([^()]+)\)$/.exec(name)?.[1] ?? '') : [String(own ?? '')];
  return [...new Set(all.map(parsePlatform).filter((platform) => platform !== null))];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
