import type { Writable } from 'node:stream';
import type { Platform } from '../oci/platform.ts';
import type { LocalImage, Waiting } from './engine.ts';

/** What a git mapping brings into a stage. */
export interface StageFiles {
  /** Directory of the image, absolute and clean, that names are relative to. */
  readonly to: string;
  /** Names or numbers, looked up in the image; '' is 0. */
  readonly owner: string;
  readonly group: string;
  /** Removed first, each with its parents that became empty, up to but not including `to`. */
  readonly removed: readonly string[];
  /** Writes the files as a tar in the order of layers, without directories, and ends the stream; null: there are none. */
  readonly write: ((sink: Writable, signal: AbortSignal) => Promise<void>) | null;
}

/** Which files of an image. */
export interface FileSelection {
  /** Name or id of a local image. */
  readonly image: string;
  /** Absolute and clean. */
  readonly add: string;
  /** Masks relative to `add`; empty: everything. */
  readonly includePaths: readonly string[];
  readonly excludePaths: readonly string[];
}

export interface StageImport extends FileSelection {
  readonly to: string;
  /** Names or numbers, looked up in the image that gets the files; '' is as in the source. */
  readonly owner: string;
  readonly group: string;
}

export interface StageMount {
  /** Absolute. */
  readonly target: string;
  /** Path on the disk; with `image`, a path in it; '' is a new empty directory. */
  readonly source: string;
  /** Name or id of a local image; '' when the source is on the disk. */
  readonly image: string;
  readonly readOnly: boolean;
}

/** A file that commands see, read-only. */
export interface StageFile {
  readonly target: string;
  readonly content: string;
  readonly executable: boolean;
}

/** A shell on the user's terminal inside the build container. */
export interface StageShell {
  /** failed: after the command failed, in what it left; only: instead of the command, and nothing is kept. */
  readonly when: 'failed' | 'only';
  readonly command: readonly string[];
  /** Unix socket that carries the terminal's bytes. */
  readonly socket: string;
  readonly columns: number;
  readonly rows: number;
  /** Value of TERM. */
  readonly term: string;
}

/** The command of a stage: user 0:0, directory /. */
export interface StageCommand {
  readonly command: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly mounts: readonly StageMount[];
  readonly files: readonly StageFile[];
  /** Contents by id, shown as /run/secrets/<id>. */
  readonly secrets: ReadonlyMap<string, Buffer>;
  /** Socket of an SSH agent; '' is none. */
  readonly sshAgent: string;
  readonly network: string;
  readonly shell: StageShell | null;
}

/** One layer over a base; in the order of these fields. */
export interface StageRequest {
  /** Name or id of a local image; '' is an image without anything. */
  readonly base: string;
  readonly platform: Platform;
  /** Absolute paths that become empty directories. */
  readonly emptied: readonly string[];
  readonly imports: readonly StageImport[];
  readonly files: readonly StageFiles[];
  readonly command: StageCommand | null;
  /** Added to the image's configuration. */
  readonly env: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  /** For the image's history. */
  readonly createdBy: string;
  /** Unix seconds: `created` of the image, latest time of its files. */
  readonly sourceDateEpoch: number;
  /** Repository that the layer is uploaded to meanwhile; '' is none. */
  readonly uploadTo: string;
}

/** Makes images of stages on this machine. */
export interface StageMaker {
  /**
   * @returns null when a shell was asked for instead of the command
   * @throws UserError BUILD_FAILED with exit status and the last lines of output
   */
  make(request: StageRequest, waiting: Waiting): Promise<LocalImage | null>;
  /** What an import would take. `count` 0: nothing matches; `found` false: nothing is at `add`. */
  checksum(
    files: FileSelection,
    signal: AbortSignal,
  ): Promise<{ readonly checksum: string; readonly count: number; readonly found: boolean }>;
  /** The configuration of a local image, as JSON. */
  configuration(image: string, signal: AbortSignal): Promise<string>;
  /** The same layers with another configuration, given as JSON. */
  reconfigure(image: string, configuration: string, signal: AbortSignal): Promise<LocalImage>;
  /** An image without layers whose labels are a record. @param name local name */
  record(name: string, labels: ReadonlyMap<string, string>, signal: AbortSignal): Promise<LocalImage>;
}
