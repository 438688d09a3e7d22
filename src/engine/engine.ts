import type { Writable } from 'node:stream';
import type { ImageFacts } from '../oci/image-facts.ts';
import type { Platform } from '../oci/platform.ts';
import type { LinkedTerminal } from './terminal-link.ts';

/** How a call reports and how it is stopped. */
export interface Waiting {
  readonly signal: AbortSignal;
  /** A line of output, without its line end. */
  onLine(line: string): void;
  onBytes(done: number, total: number): void;
  /** A line for those who ask for details, such as what a command used. */
  onDetail?(line: string): void;
}

/** What is asked of a build context: the files of one need, by its number, or those of all needs. */
export type ContextPart = number | 'all';

/** The build context, of which nothing is read before it is asked for. */
export interface BuildSource {
  /** What is read of it, one checksum per need. @see contextNeeds */
  readonly checksums: readonly string[];
  /** Writes the files as a tar, in the order of layers, and ends the stream. Stops when the signal is aborted. */
  write(part: ContextPart, sink: Writable, signal: AbortSignal): Promise<void>;
}

export interface DockerfileBuild {
  readonly dockerfile: string;
  readonly dockerfileName: string;
  /** null: the build reads none. */
  readonly context: BuildSource | null;
  /** Repository that layers are uploaded to while the build goes on; empty: none. */
  readonly uploadTo: string;
  /** Stage index as text. */
  readonly target: string;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly platform: Platform;
  readonly addHosts: readonly string[];
  readonly network: string;
  /** Contents by id, for `RUN --mount=type=secret`; they decide nothing about the image. */
  readonly secrets: ReadonlyMap<string, Buffer>;
  /** Sockets by id, for `RUN --mount=type=ssh`. */
  readonly sshAgents: ReadonlyMap<string, string>;
  /** Unix seconds: `created` of the image, latest time of its files. */
  readonly sourceDateEpoch: number;
}

/** How and where the store was opened. */
export interface OpenedStore {
  readonly driver: string;
  readonly mode: string;
  readonly why: string;
  readonly warnings: readonly string[];
}

/** One thing that was tried or read on this machine. */
export interface HostFinding {
  readonly id: string;
  readonly title: string;
  readonly state: string;
  /** '' where there is nothing to tell. */
  readonly found: string;
  /** '' where it is ok. */
  readonly error: string;
  /** Each one mends it, literally. */
  readonly fixes: readonly string[];
}

/** What this machine allows, by trial. */
export interface HostReport {
  readonly environment: string;
  readonly rungs: readonly HostFinding[];
  readonly drivers: readonly HostFinding[];
  readonly checks: readonly HostFinding[];
  /** What a build would take; `error` is not empty where it could take nothing. */
  readonly chosen: {
    readonly mode: string;
    readonly driver: string;
    readonly runtime: string;
    readonly why: string;
    readonly error: string;
    /** Each one mends what `error` says. */
    readonly fixes: readonly string[];
  };
}

/** A local image: its id in the store, which any operation takes as a name. */
export interface LocalImage {
  readonly facts: ImageFacts;
}

/** What runs in a temporary container. */
export interface ContainerCommand {
  /** Empty: the image's own. */
  readonly command: readonly string[];
  /** It runs on this one, which shows its output; null: it reads nothing, and its output is told line by line. */
  readonly terminal: LinkedTerminal | null;
}

/** Builds and keeps images on this machine. Whether to build, and what, is decided above it. */
export interface ImageBuilder {
  /** Opens the store; idempotent. @throws UserError when no isolation or driver can be had */
  open(signal: AbortSignal): Promise<OpenedStore>;
  /** Tries what builds need, and opens nothing. */
  check(signal: AbortSignal): Promise<HostReport>;
  /** @throws UserError BUILD_FAILED with instruction, line, exit status and the last 50 lines of output */
  build(request: DockerfileBuild, waiting: Waiting): Promise<LocalImage>;
  /** A new image over the same layers with further labels. `name` is given to it unless empty. */
  relabel(
    image: string,
    change: { labels: ReadonlyMap<string, string>; sourceDateEpoch: number; name: string },
    waiting: Waiting,
  ): Promise<LocalImage>;
  pull(
    reference: string,
    options: { policy: 'missing' | 'newer' | 'never'; platform: Platform },
    waiting: Waiting,
  ): Promise<{ readonly image: LocalImage; readonly pulled: boolean; readonly warnings: readonly string[] }>;
  /** Runs a command in a temporary container. @returns its exit status */
  run(image: string, command: ContainerCommand, waiting: Waiting): Promise<number>;
  /** Uploads what is missing; the tag is written last. @returns digest of the manifest, bytes of its layers */
  push(
    image: string,
    reference: string,
    waiting: Waiting,
  ): Promise<{ readonly digest: string; readonly size: number }>;
}

/** One thing that two layers do not say alike. */
export interface LayerDifference {
  readonly path: string;
  /** Field that differs, such as mode or content; `presence` where one layer lacks the path. */
  readonly what: string;
  readonly first: string;
  readonly second: string;
}

/** Looks into local images, to tell in what two of them differ. */
export interface ImageInsides {
  /** The configuration, as JSON. */
  configuration(image: string, signal: AbortSignal): Promise<string>;
  /** Writes a layer (0 is the lowest) as a plain tar to a file that does not exist yet. */
  exportLayer(
    image: string,
    layer: { readonly index: number; readonly file: string },
    signal: AbortSignal,
  ): Promise<void>;
  /** @param files two plain tars @returns at most `limit` differences, by path */
  compareLayers(
    files: readonly [string, string],
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly LayerDifference[]>;
}

/** Names and facts of local images. */
export interface LocalImages {
  /** Tags of names `<repository>:<tag>` that begin with `prefix`, sorted. */
  list(repository: string, prefix: string, signal: AbortSignal): Promise<readonly string[]>;
  inspect(image: string, signal: AbortSignal): Promise<LocalImage | null>;
  tag(image: string, name: string, signal: AbortSignal): Promise<void>;
  remove(image: string, signal: AbortSignal): Promise<void>;
}
