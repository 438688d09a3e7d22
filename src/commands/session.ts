import type { ProjectOptions } from '../config/project-options.ts';
import type { SecretMask } from '../diagnostics/secrets.ts';
import type { DockerfileReader } from '../dockerfile/dockerfile.ts';
import type { ImageBuilder, LocalImages } from '../engine/engine.ts';
import type { StageMaker } from '../engine/stage-maker.ts';
import type { TerminalLinks } from '../engine/terminal-link.ts';
import type { Workshop } from '../engine/workshop.ts';
import type { OpenedRepository } from '../git/open-repository.ts';
import type { RemoteRepositories } from '../git/remote-repositories.ts';
import type { Locks } from '../locks/locks.ts';
import type { Platform } from '../oci/platform.ts';
import type { ProgressSink } from '../progress/events.ts';
import type { Archives } from '../registry/archives.ts';
import type { Registry } from '../registry/registry.ts';
import type { CredentialStore, SignIn } from '../registry/sign-in.ts';
import type { TemplateRenderer } from '../templates/templates.ts';

/** Variables of the process as they were when it started. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What a command works with. Made by `cli/assemble.ts` for one command, which also closes it:
 * commands never start or stop engine and git themselves.
 */
export interface Session {
  /** Version of the product, such as 0.1.0. */
  readonly version: string;
  readonly project: ProjectOptions;
  readonly host: HostPlaces;
  readonly env: Environment;
  readonly ports: Ports;
  readonly progress: ProgressSink;
  /** The log shows colours: programs whose output goes into it may use them. */
  readonly colored: boolean;
  /** Writes data to standard output at once, for commands whose data is a stream. */
  readonly write: (text: string) => void;
  /** Standard input to its end, as UTF-8. */
  readonly read: () => Promise<string>;
  /** Values added here are masked in everything that is shown from then on. */
  readonly secrets: SecretMask;
  /** Aborted by signals of the process; its reason is a UserError with the exit status. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** Nothing behind a port is started or opened before its first use. */
export interface Ports {
  /** The repository around the project directory; opened once. @throws UserError when there is none */
  git(): Promise<OpenedRepository>;
  /** Other repositories that git mappings name. */
  readonly remotes: RemoteRepositories;
  readonly builder: ImageBuilder;
  readonly stages: StageMaker;
  readonly terminals: TerminalLinks;
  readonly images: LocalImages;
  /** An empty store of its own, to build into and throw away. */
  freshStore(): Promise<FreshStore>;
  readonly registry: Registry;
  readonly archives: Archives;
  readonly signIn: SignIn;
  /** Those of Docker's config.json in a directory. @param directory absolute */
  credentials(directory: string): CredentialStore;
  readonly dockerfile: DockerfileReader;
  readonly templates: TemplateRenderer;
  readonly locks: Locks;
  /** Starts the engine without waiting, where it will be needed anyway. */
  warmUp(): void;
}

/** Its directory is part of that of the run. */
export interface FreshStore extends Workshop {
  /** Ends its engine. Safe to call twice. */
  close(): Promise<void>;
}

export interface HostPlaces {
  /** Absolute path of the directory of caches and locks. */
  readonly home: string;
  /** What this machine runs without emulation. */
  readonly platform: Platform;
  /** Private directory of this run: made at its first use, removed with everything in it when the command ends. */
  runDirectory(): Promise<string>;
  /** Absolute path of the directory of temporary files; it may be missing. */
  readonly temporary: string;
  /** Absolute path of the directory of Docker's config.json; it may be missing. */
  readonly dockerConfig: string;
}

export interface Clock {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** A name part that no other process chooses: lower-case letters and digits. */
  readonly unique: () => string;
}
