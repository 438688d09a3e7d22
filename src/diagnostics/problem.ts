/** Where a reader must look. Lines and columns count from 1; 0 means unknown. */
export interface Position {
  /** Path as the user knows it, relative to the project, or that of the rendered configuration. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong, in words a user can act on. */
export interface Problem {
  /** Stable and machine-readable, such as CONFIG_UNKNOWN_FIELD. */
  readonly code: string;
  readonly message: string;
  readonly position?: Position;
  readonly hint?: string;
  /** Lines of the text around the position, already numbered. */
  readonly excerpt?: string;
}
