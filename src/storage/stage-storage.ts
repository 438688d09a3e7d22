import type { Waiting } from '../engine/engine.ts';
import type { ImageFacts } from '../oci/image-facts.ts';
import type { StageDigest } from '../stages/stage-digest.ts';
import type { StageId } from '../stages/stage-id.ts';

/** A stage as a storage holds it. */
export interface StoredStage {
  readonly id: StageId;
  /** What users pass to other tools: `repo:tag`, or `project:tag` in the local storage. */
  readonly name: string;
  readonly facts: ImageFacts;
}

/** A stage that was made and is to be stored. */
export type MadeStage =
  /** Id of a local image. */
  | { readonly kind: 'image'; readonly image: string }
  /** Reference of an image in a registry, which is copied as it is. */
  | { readonly kind: 'copy'; readonly reference: string }
  /** The layers of a stage of the same storage, with another configuration, as JSON. */
  | { readonly kind: 'configuration'; readonly of: StageId; readonly configuration: string };

/** Keeps stages under their ids. What it holds never changes under one id. */
export interface StageStorage {
  readonly kind: 'local' | 'repository';
  /** Repository address, or `:local`. */
  readonly address: string;
  /** Ids of one digest, in any order. @param fresh look again, although this run has looked */
  candidates(
    digest: StageDigest,
    options: { readonly fresh: boolean },
    signal: AbortSignal,
  ): Promise<readonly StageId[]>;
  /** @returns null when the stage is gone or cannot be used */
  describe(id: StageId, signal: AbortSignal): Promise<StoredStage | null>;
  /**
   * Asks once more whether a stage is there that was described from what this machine remembers.
   * @returns whether it is; if not, it is forgotten
   */
  confirm(id: StageId, signal: AbortSignal): Promise<boolean>;
  /** A stage that proved unusable is never again among the candidates, of anybody. */
  reject(id: StageId, signal: AbortSignal): Promise<void>;
  /** The configuration of a stage, as JSON. @throws when the stage is gone */
  configuration(id: StageId, signal: AbortSignal): Promise<string>;
  /**
   * Stores a stage under `id`. Never replaces anything.
   * @returns null when somebody else has taken that id
   */
  save(made: MadeStage, id: StageId, waiting: Waiting): Promise<StoredStage | null>;
  /** Name by which the engine of this machine gets the image. */
  reference(id: StageId): string;
}
