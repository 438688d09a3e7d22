export type ReportFormat = 'json' | 'env';

/** Where a build report is written to or read from. */
export interface ReportOptions {
  readonly save: boolean;
  /** Absolute. */
  readonly path: string;
  readonly format: ReportFormat;
  /** Also list images by platform. */
  readonly byPlatform: boolean;
  /** Take the images from the report at `path` instead of building. */
  readonly use: boolean;
}
