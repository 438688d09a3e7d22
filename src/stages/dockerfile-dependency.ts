import type { ImageDependency } from '../config/image-inputs.ts';
import type { ImageFacts } from '../oci/image-facts.ts';
import { inputHash } from './canonical.ts';
import { dependencyValues, type LastStage } from './dependency-values.ts';
import type { ContentDigest } from './stage-digest.ts';
import type { StageId } from './stage-id.ts';

/** The last stage of an image of the file, as a Dockerfile image needs it. */
export interface DependedImage extends LastStage {
  readonly stageId: StageId;
  readonly contentDigest: ContentDigest;
  readonly facts: Pick<ImageFacts, 'env' | 'onBuild'>;
}

/** Another image of the file whose facts a Dockerfile gets as build arguments. */
export interface DockerfileDependency {
  readonly image: DependedImage;
  /** By build argument. */
  readonly values: ReadonlyMap<string, string>;
  /**
   * The same, of an image that has the same content digest and nothing else: what digests are made with, so that neither
   * the address of a repository nor the time of a build enters them.
   */
  readonly standIns: ReadonlyMap<string, string>;
}

/** @throws UserError DEPENDENCY_VALUE for what the image does not have */
export function dockerfileDependency(
  dependency: ImageDependency,
  image: DependedImage,
): DockerfileDependency {
  return {
    image,
    values: dependencyValues(dependency, image),
    standIns: dependencyValues(dependency, standIn(image)),
  };
}

/** The dependency that an image reference means, however it was put together from its values. */
export function dependencyNamed(
  reference: string,
  dependencies: readonly DockerfileDependency[],
): DockerfileDependency | null {
  return dependencies.find(({ image }) => referencesOf(image).includes(reference)) ?? null;
}

/** The same among references that stand-ins gave. */
export function standInNamed(
  reference: string,
  dependencies: readonly DockerfileDependency[],
): DockerfileDependency | null {
  return dependencies.find(({ image }) => referencesOf(standIn(image)).includes(reference)) ?? null;
}

function referencesOf({ repo, name, digest, id }: LastStage): readonly string[] {
  const byDigest = digest === '' ? [] : [`${repo}@${digest}`, `${name}@${digest}`];
  return [name, ...byDigest, id, id.replace(/^sha256:/, '')];
}

/** All have one repository, as all real ones have. `.invalid` is never a registry's. */
function standIn({ contentDigest }: Pick<DependedImage, 'contentDigest'>): LastStage {
  const repo = 'dependency.invalid/image';
  const sum = (of: string) => `sha256:${inputHash([of, contentDigest])}`;
  const name = `${repo}:${contentDigest}`;
  return { repo, tag: contentDigest, name, digest: sum('manifest'), id: sum('configuration') };
}
