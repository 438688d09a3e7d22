/** Shapes of the protocol about stages of Stapel images. @see protocol.ts */
import { z } from 'zod';
import { BuildSecret, Pair } from './build-shapes.ts';

/** What a git mapping brings into a stage. */
export const StageFiles = z.strictObject({
  /** Directory of the image, absolute and clean, that names of the tar and of `removed` are relative to. */
  to: z.string(),
  /** Names or numbers, looked up in the image; empty: 0. They get what is made or replaced, new directories included. */
  owner: z.string(),
  group: z.string(),
  /** Paths that are removed first, each with its parents that became empty, up to but not including `to`. */
  removed: z.array(z.string()),
  /** Is there a tar? It is asked for by its index in the list. */
  hasFiles: z.boolean(),
});

/** Files of another image. */
export const StageImport = z.strictObject({
  /** Name or id of a local image. */
  image: z.string(),
  /** Absolute and clean. */
  add: z.string(),
  to: z.string(),
  /** Masks relative to `add`; empty: everything. */
  includePaths: z.array(z.string()),
  excludePaths: z.array(z.string()),
  /** Names or numbers, looked up in the image that gets the files; empty: as in the source. */
  owner: z.string(),
  group: z.string(),
});

/** Something that commands see and that leaves no trace. */
export const StageMount = z.strictObject({
  /** Absolute. */
  target: z.string(),
  /** Path on the disk; with `image`, a path in it; empty: a new empty directory. */
  source: z.string(),
  /** Name or id of a local image; empty: `source` is on the disk. */
  image: z.string(),
  readOnly: z.boolean(),
});

/** A file that commands see at an absolute path, read-only. */
export const StageFile = z.strictObject({
  target: z.string(),
  /** Base64. */
  content: z.string(),
  executable: z.boolean(),
});

/** The user's terminal. */
export const UserTerminal = z.strictObject({
  /** Unix socket to connect to: bytes of the terminal in both directions. */
  socket: z.string(),
  columns: z.int(),
  rows: z.int(),
  /** Value of TERM. */
  term: z.string(),
});

/** A shell on the user's terminal, inside the build container. */
export const StageShell = z.strictObject({
  /** failed: after the command failed, in what it left; only: instead of the command, and nothing is kept. */
  when: z.enum(['failed', 'only']),
  command: z.array(z.string()),
  ...UserTerminal.shape,
});

/** The command of a stage: user 0:0, directory /. */
export const StageRun = z.strictObject({
  command: z.array(z.string()),
  /** Added to the environment of the image, which has a PATH in any case. */
  env: z.array(Pair),
  mounts: z.array(StageMount),
  files: z.array(StageFile),
  /** Shown as /run/secrets/<id>. */
  secrets: z.array(BuildSecret),
  /** Socket of an SSH agent, shown as /.werf/tmp/ssh-auth-sock; empty: none. */
  sshAgent: z.string(),
  network: z.string(),
  addHosts: z.array(z.string()),
  /** At most one. */
  shell: z.array(StageShell),
});

/** Makes the image of a stage: one layer over the base, or none where nothing changes. In the order of these fields. */
export const StageMake = z.strictObject({
  token: z.string(),
  /** Name or id of a local image; empty: an image without anything. */
  base: z.string(),
  platform: z.string(),
  /** Absolute paths that become empty directories. */
  emptied: z.array(z.string()),
  imports: z.array(StageImport),
  files: z.array(StageFiles),
  /** Unix socket that gives the tars of `files`: who connects sends one line, the index, and gets it. Empty: there are none. */
  filesSocket: z.string(),
  /** At most one. */
  run: z.array(StageRun),
  /** Added to the image's configuration. */
  env: z.array(Pair),
  labels: z.array(Pair),
  /** For the image's history. */
  createdBy: z.string(),
  /** Unix seconds: `created` of the image and the latest time of its files. */
  sourceDateEpoch: z.int(),
  /** Repository that the layer is uploaded to meanwhile; empty: none. */
  uploadTo: z.string(),
});

/** What of a local image an import would take. */
export const FilesChecksum = z.strictObject({
  image: z.string(),
  add: z.string(),
  includePaths: z.array(z.string()),
  excludePaths: z.array(z.string()),
});
export const FilesChecked = z.strictObject({
  /** SHA-256 over path, type, mode and content of each, sorted by path. @see docs/reference/digests.md */
  checksum: z.string(),
  /** How many files, links and directories; 0: nothing matches. */
  count: z.int(),
  /** Is there anything at `add`? */
  found: z.boolean(),
});

/** The same layers with another configuration, given as JSON; what it says of layers is ignored. */
export const ImageReconfigure = z.strictObject({ image: z.string(), configuration: z.string() });
/** The same in a registry; within one repository without reading a layer. */
export const RegistryReconfigure = z.strictObject({
  token: z.string(),
  from: z.string(),
  to: z.string(),
  platform: z.string(),
  configuration: z.string(),
  /** Or only put under its digest, for an index to list it. */
  tagged: z.boolean(),
});
export const RegistryConfiguration = z.strictObject({ reference: z.string(), platform: z.string() });

/** An image without layers, whose labels are a record. */
export const RegistryRecord = z.strictObject({ reference: z.string(), labels: z.array(Pair) });
export const LocalRecord = z.strictObject({ name: z.string(), labels: z.array(Pair) });

/** The user's terminal has another size. @see UserTerminal */
export const TerminalResize = z.strictObject({ socket: z.string(), columns: z.int(), rows: z.int() });
