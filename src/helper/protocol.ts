/**
 * The protocol between `slipway` and `slipway-engine`: JSON-RPC 2.0 with the framing editors use.
 * This schema, with the `*-shapes.ts` beside it, is its single source. `scripts/generate-protocol` turns it into Go; a test fails on drift.
 * Bulk data (layers, contexts, path lists) never passes here: it goes through a socket or a file that a field names.
 */
import { z } from 'zod';
import { ArchiveFill, ArchiveFilled, ArchiveImages, ArchiveList, ArchiveUnload } from './archive-shapes.ts';
import { BuildSecret, Pair } from './build-shapes.ts';
import { HostCheck, HostReport } from './host-shapes.ts';
import { RegistryIndex } from './index-shapes.ts';
import { RegistryLogin } from './registry-shapes.ts';
import {
  FilesChecked,
  FilesChecksum,
  ImageReconfigure,
  LocalRecord,
  RegistryConfiguration,
  RegistryReconfigure,
  RegistryRecord,
  StageMake,
  TerminalResize,
  UserTerminal,
} from './stage-shapes.ts';
import {
  DirectoryRemove,
  ImageConfiguration,
  LayerCompare,
  LayerDifferences,
  LayerExport,
  StoreOpen,
  StoreOpened,
} from './store-shapes.ts';
import { TemplateFile, TemplateRender, TemplateRendered } from './template-shapes.ts';

/** Raised whenever an operation's shape changes. Both sides must be equal. */
export const PROTOCOL_VERSION = 4;

// ---- handshake ----

/** How registries are reached; the same for all operations of one engine process. */
export const Settings = z.strictObject({
  /** Plain HTTP is allowed for every registry. Loopback needs no permission. */
  insecureRegistry: z.boolean(),
  skipTlsVerifyRegistry: z.boolean(),
  /** Directory of `config.json`; empty: the usual places. */
  dockerConfig: z.string(),
  /** Mirrors of docker.io, first one first; an `http://` prefix means plain HTTP. */
  registryMirrors: z.array(z.string()),
  /** At most so many requests to one registry host at a time; 0: the default. */
  networkParallelism: z.int(),
  /** No registry is asked: what would need one fails with the code OFFLINE. */
  offline: z.boolean(),
  /** Directory of files of this run; exists, private, removed by the caller. */
  runDirectory: z.string(),
});

export const Hello = z.strictObject({ protocol: z.int(), version: z.string(), settings: Settings });
export const Welcome = z.strictObject({
  protocol: z.int(),
  version: z.string(),
  /** os/arch[/variant] of the host. */
  platform: z.string(),
  pid: z.int(),
});

// ---- progress: notification `$/progress` ----

/** What happens inside a running call. `token` is the one given in that call's parameters. */
export const Progress = z.strictObject({
  token: z.string(),
  /**
   * log: a line of output; step: a new instruction or phase; bytes: a transfer; usage: what a command used, `done`
   * milliseconds of processor time and at most `total` KiB of memory in one process.
   */
  kind: z.enum(['log', 'step', 'bytes', 'usage']),
  text: z.string(),
  done: z.int(),
  total: z.int(),
});

/** `data` of every JSON-RPC error the engine answers. */
export const Failure = z.strictObject({
  /** Closed set, such as BUILD_FAILED, REGISTRY_DENIED, REGISTRY_UNREACHABLE, STORE_FULL, USERNS_DENIED, CANCELLED, INTERNAL. */
  code: z.string(),
  message: z.string(),
  hint: z.string(),
  /** BUILD_FAILED: the command's exit status; else 0. */
  exitCode: z.int(),
  /** The Dockerfile instruction as written, and its first line (1-based); empty and 0 where there is none. */
  instruction: z.string(),
  line: z.int(),
  /** Last lines of output, at most 50. */
  tail: z.array(z.string()),
});

// ---- dockerfile ----

/** What the engine needs to know of a base image outside the file. */
export const BaseImage = z.strictObject({
  reference: z.string(),
  env: z.array(z.string()),
  onBuild: z.array(z.string()),
});

export const DockerfileParse = z.strictObject({
  text: z.string(),
  /** Name (any case) or index of a stage; empty: the last one. */
  target: z.string(),
  buildArgs: z.array(Pair),
  /** os/arch[/variant] to build for. */
  platform: z.string(),
  /** Those known so far; what else the closure needs is answered in `missingBases`. */
  bases: z.array(BaseImage),
});

export const DockerfileInstruction = z.strictObject({
  /** Upper case, such as RUN. */
  name: z.string(),
  /** As written, continuation lines joined, heredocs included. */
  text: z.string(),
  line: z.int(),
  /** True when it comes from an ONBUILD of the base. */
  onBuild: z.boolean(),
  /** The words that decide its effect, expanded as Dockerfile rules say; RUN: raw text. Order matters. */
  words: z.array(z.string()),
  /** ADD, COPY: patterns to take from the context (no URLs, no heredocs), as `match.paths` of kind `copy` takes them. */
  contextSources: z.array(z.string()),
  /** ADD, COPY: `--exclude` patterns. */
  contextExcludes: z.array(z.string()),
  /** RUN --mount=type=bind without from: its sources in the context. */
  contextMounts: z.array(z.string()),
});

export const DockerfileStage = z.strictObject({
  index: z.int(),
  name: z.string(),
  line: z.int(),
  baseKind: z.enum(['scratch', 'stage', 'reference']),
  /** reference: the text after expansion. */
  baseReference: z.string(),
  /** stage: its index; else -1. */
  baseStage: z.int(),
  /** FROM --platform after expansion; empty when not given. */
  platform: z.string(),
  instructions: z.array(DockerfileInstruction),
});

export const DockerfileProblem = z.strictObject({
  code: z.string(),
  message: z.string(),
  line: z.int(),
  hint: z.string(),
});

export const DockerfileParsed = z.strictObject({
  /** The closure of the target, in file order. */
  stages: z.array(DockerfileStage),
  targetIndex: z.int(),
  targetName: z.string(),
  /** External bases whose configuration is needed for an exact answer. */
  missingBases: z.array(z.string()),
  /** Does anything in the closure read the context? */
  usesContext: z.boolean(),
  problems: z.array(DockerfileProblem),
});

// ---- match ----

/** dockerignore: the path is ignored; copy: ADD/COPY sources take it; mask, glob: git mappings and permissions. */
export const MatchQuery = z.strictObject({
  kind: z.enum(['dockerignore', 'copy', 'mask', 'glob', 'file-glob']),
  patterns: z.array(z.string()),
});
export const MatchPaths = z.strictObject({
  /** File with NUL-terminated paths, relative, `/` between parts. */
  listFile: z.string(),
  queries: z.array(MatchQuery),
});
export const MatchedPaths = z.strictObject({
  /** One per query: base64 of a bitmap, path i is bit i%8 (least significant first) of byte i/8. */
  bitmaps: z.array(z.string()),
});

// ---- templates ----

/** Asked back by the engine while it renders (requests from the engine to the caller). */
export const FileQuestion = z.strictObject({ path: z.string() });
export const FileText = z.strictObject({ text: z.string() });
export const GlobQuestion = z.strictObject({ pattern: z.string() });
export const GlobAnswer = z.strictObject({ files: z.array(TemplateFile) });
export const YesNo = z.strictObject({ yes: z.boolean() });
export const EnvQuestion = z.strictObject({
  name: z.string(),
  hasDefault: z.boolean(),
  defaultValue: z.string(),
});

// ---- images, wherever they are ----

/** The configuration and identity of an image. Lists are in the image's own order. */
export const ImageFacts = z.strictObject({
  found: z.boolean(),
  /** sha256:… of the configuration. */
  id: z.string(),
  /** sha256:… of the manifest; empty for local images. */
  digest: z.string(),
  mediaType: z.string(),
  /** RFC 3339. */
  created: z.string(),
  /** Bytes of all layers: compressed in a registry, as stored locally. */
  size: z.int(),
  platform: z.string(),
  labels: z.array(Pair),
  env: z.array(z.string()),
  onBuild: z.array(z.string()),
  user: z.string(),
  workingDir: z.string(),
  cmd: z.array(z.string()),
  entrypoint: z.array(z.string()),
  /** sha256:… of the uncompressed layers. */
  diffIds: z.array(z.string()),
});

// ---- registry ----

export const RegistryTags = z.strictObject({
  repository: z.string(),
  /** Only tags that begin with this; empty: all. */
  prefix: z.string(),
  /** Ask the registry again even if this run has its list. */
  refresh: z.boolean(),
});
export const TagList = z.strictObject({ tags: z.array(z.string()) });
export const RegistryImage = z.strictObject({
  /** repo:tag or repo@digest. */
  reference: z.string(),
  platform: z.string(),
});
export const RegistryHead = z.strictObject({ reference: z.string() });
export const Headed = z.strictObject({ found: z.boolean(), digest: z.string() });
export const RegistryCopy = z.strictObject({ token: z.string(), from: z.string(), to: z.string() });
export const Pushed = z.strictObject({ digest: z.string(), size: z.int(), mediaType: z.string() });
export const RegistryDelete = z.strictObject({ reference: z.string() });

// ---- store ----

export const ImageName = z.strictObject({ image: z.string() });
export const ImageList = z.strictObject({
  /** Repository part of local names, such as localhost/project. */
  repository: z.string(),
  prefix: z.string(),
});
export const ImagePull = z.strictObject({
  token: z.string(),
  reference: z.string(),
  policy: z.enum(['missing', 'newer', 'never']),
  platform: z.string(),
});
export const ImagePulled = z.strictObject({
  facts: ImageFacts,
  pulled: z.boolean(),
  warnings: z.array(z.string()),
});
export const ImageBuild = z.strictObject({
  token: z.string(),
  dockerfile: z.string(),
  /** Name used in messages. */
  dockerfileName: z.string(),
  /**
   * Unix socket that gives files of the context: who connects sends one line, the number of a need or `all`, and gets a tar
   * of just its files, in the order of layers (`/` before every other character). Empty: no context.
   */
  contextSocket: z.string(),
  /**
   * Checksums of what is read from the context, one per need. Needs are numbered from 0 through the closure in file order:
   * one for each COPY or ADD that reads the context, one for each bind mount of a RUN that does.
   */
  contextChecksums: z.array(z.string()),
  /** Repository that layers are uploaded to while the build goes on; empty: none. */
  uploadTo: z.string(),
  target: z.string(),
  buildArgs: z.array(Pair),
  platform: z.string(),
  addHosts: z.array(z.string()),
  network: z.string(),
  /** For `RUN --mount=type=secret`. */
  secrets: z.array(BuildSecret),
  /** For `RUN --mount=type=ssh`: ids, and the sockets of their agents. */
  sshAgents: z.array(Pair),
  /** Unix seconds: `created` of the image and the latest time of its files. */
  sourceDateEpoch: z.int(),
});
export const ImageBuilt = z.strictObject({ facts: ImageFacts });
/** A new image over the layers of another: only the configuration differs. */
export const ImageCommit = z.strictObject({
  image: z.string(),
  labels: z.array(Pair),
  sourceDateEpoch: z.int(),
  /** Local name given to the result; empty: none. */
  name: z.string(),
});
export const ImagePush = z.strictObject({ token: z.string(), image: z.string(), reference: z.string() });
export const ImageTag = z.strictObject({ image: z.string(), name: z.string() });
export const Nothing = z.strictObject({});

export const RunCommand = z.strictObject({
  token: z.string(),
  image: z.string(),
  /** Empty: the image's own. */
  command: z.array(z.string()),
  /** At most one: the command runs on it, and nothing of its output is told otherwise. */
  terminal: z.array(UserTerminal),
});
export const Ran = z.strictObject({ exitCode: z.int() });

/** Every operation: its parameters and its result. `store` says that it needs the store, so the user namespace. */
export const OPERATIONS = {
  hello: { params: Hello, result: Welcome, store: false },
  'dockerfile.parse': { params: DockerfileParse, result: DockerfileParsed, store: false },
  'match.paths': { params: MatchPaths, result: MatchedPaths, store: false },
  'template.render': { params: TemplateRender, result: TemplateRendered, store: false },
  'registry.tags': { params: RegistryTags, result: TagList, store: false },
  'registry.image': { params: RegistryImage, result: ImageFacts, store: false },
  'registry.head': { params: RegistryHead, result: Headed, store: false },
  'registry.copy': { params: RegistryCopy, result: Pushed, store: false },
  'registry.configuration': { params: RegistryConfiguration, result: ImageConfiguration, store: false },
  'registry.reconfigure': { params: RegistryReconfigure, result: Pushed, store: false },
  'registry.record': { params: RegistryRecord, result: Pushed, store: false },
  'registry.index': { params: RegistryIndex, result: Pushed, store: false },
  'registry.delete': { params: RegistryDelete, result: Nothing, store: false },
  'archive.list': { params: ArchiveList, result: ArchiveImages, store: false },
  'archive.fill': { params: ArchiveFill, result: ArchiveFilled, store: false },
  'archive.unload': { params: ArchiveUnload, result: Nothing, store: false },
  'registry.login': { params: RegistryLogin, result: Nothing, store: false },
  'host.check': { params: HostCheck, result: HostReport, store: true },
  'store.open': { params: StoreOpen, result: StoreOpened, store: true },
  'image.list': { params: ImageList, result: TagList, store: true },
  'image.inspect': { params: ImageName, result: ImageFacts, store: true },
  'image.configuration': { params: ImageName, result: ImageConfiguration, store: true },
  'image.pull': { params: ImagePull, result: ImagePulled, store: true },
  'image.build': { params: ImageBuild, result: ImageBuilt, store: true },
  'image.commit': { params: ImageCommit, result: ImageFacts, store: true },
  'image.reconfigure': { params: ImageReconfigure, result: ImageFacts, store: true },
  'image.record': { params: LocalRecord, result: ImageFacts, store: true },
  'image.push': { params: ImagePush, result: Pushed, store: true },
  'image.tag': { params: ImageTag, result: Nothing, store: true },
  'image.remove': { params: ImageName, result: Nothing, store: true },
  'stage.make': { params: StageMake, result: ImageBuilt, store: true },
  'files.checksum': { params: FilesChecksum, result: FilesChecked, store: true },
  'terminal.resize': { params: TerminalResize, result: Nothing, store: true },
  'image.run': { params: RunCommand, result: Ran, store: true },
  'layer.export': { params: LayerExport, result: Nothing, store: true },
  'layer.compare': { params: LayerCompare, result: LayerDifferences, store: false },
  'directory.remove': { params: DirectoryRemove, result: Nothing, store: true },
} as const;

/** Asked by the engine during `template.render`. */
export const QUESTIONS = {
  'files.get': { params: FileQuestion, result: FileText },
  'files.glob': { params: GlobQuestion, result: GlobAnswer },
  'files.exists': { params: FileQuestion, result: YesNo },
  'files.isDir': { params: FileQuestion, result: YesNo },
  'env.get': { params: EnvQuestion, result: FileText },
} as const;

export type Operation = keyof typeof OPERATIONS;
/** Operations that need the store, and those that do not. */
export type StoreOperation = {
  [O in Operation]: (typeof OPERATIONS)[O]['store'] extends true ? O : never;
}[Operation];
export type LightOperation = Exclude<Operation, StoreOperation>;
export type Params<O extends Operation> = z.infer<(typeof OPERATIONS)[O]['params']>;
export type Result<O extends Operation> = z.infer<(typeof OPERATIONS)[O]['result']>;
export type Question = keyof typeof QUESTIONS;
export type Answers = {
  [Q in Question]: (
    params: z.infer<(typeof QUESTIONS)[Q]['params']>,
  ) => Promise<z.infer<(typeof QUESTIONS)[Q]['result']>>;
};
export type Progress = z.infer<typeof Progress>;
export type Failure = z.infer<typeof Failure>;
export type Settings = z.infer<typeof Settings>;
