export type LogLevel = 'quiet' | 'default' | 'verbose' | 'debug';

/** How the log looks. */
export interface LogSettings {
  readonly format: 'text' | 'json';
  readonly color: boolean;
  /** Borders, signs and wrapped lines. */
  readonly pretty: boolean;
  readonly level: LogLevel;
  /** Columns to wrap lines at. */
  readonly width: number;
  /** Go layout of the time in front of lines; null: none. */
  readonly timeLayout: string | null;
}

const ORDER: readonly LogLevel[] = ['quiet', 'default', 'verbose', 'debug'];

/** Is what is meant for `wanted` shown at `level`? */
export function isShown(wanted: LogLevel, level: LogLevel): boolean {
  return ORDER.indexOf(wanted) <= ORDER.indexOf(level);
}
