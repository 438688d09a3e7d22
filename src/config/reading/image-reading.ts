import type { Position } from '../../diagnostics/problem.ts';
import type { ConfigDocument, Path } from '../yaml/config-document.ts';
import { type FindingDetails, type Findings, finding } from './finding.ts';
import type { ProjectDefaults } from './project-defaults.ts';
import type { SourcePositions } from './source-positions.ts';

/** One image document while it is read. */
export interface ImageReading {
  readonly document: ConfigDocument;
  readonly positions: SourcePositions;
  readonly findings: Findings;
  /** Names of all images of the file. */
  readonly names: ReadonlySet<string>;
  readonly defaults: ProjectDefaults;
}

export function positionOf({ document, positions }: ImageReading, path: Path): Position {
  return positions.position(document.place(path));
}

export function keyPositionOf({ document, positions }: ImageReading, path: Path): Position {
  return positions.position(document.keyPlace(path));
}

export function addProblem(
  { document, findings }: Pick<ImageReading, 'document' | 'findings'>,
  path: Path,
  code: string,
  message: string,
  details?: FindingDetails,
): void {
  findings.problems.push(finding(document, path, code, message, details));
}

export function addWarning(
  { document, findings }: Pick<ImageReading, 'document' | 'findings'>,
  path: Path,
  code: string,
  message: string,
  details?: FindingDetails,
): void {
  findings.warnings.push(finding(document, path, code, message, details));
}

/** Tells that a field has a newer spelling. */
export function warnOld(
  reading: Pick<ImageReading, 'document' | 'findings'>,
  path: Path,
  replacement: string,
): void {
  const name = String(path.at(-1));
  const message = `\`${name}\` is an old spelling: use ${replacement}`;
  addWarning(reading, path, 'CONFIG_OLD_FIELD', message, { atKey: true });
}
