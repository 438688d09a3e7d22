/** Where the mounts of build containers lie on this machine. */
export interface MountPlaces {
  /** Absolute path of the project directory. */
  readonly projectDirectory: string;
  /** What `~` stands for. */
  readonly homeDirectory: string;
  /** Kept directories of the project. */
  readonly kept: string;
  /** Private directory of this run. */
  readonly temporary: () => Promise<string>;
}
