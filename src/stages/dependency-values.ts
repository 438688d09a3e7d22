import type { DependencyType, ImageDependency } from '../config/image-inputs.ts';
import { UserError } from '../diagnostics/user-error.ts';

/** The last stage of an image, as others are told of it. */
export interface LastStage {
  /** Address of the primary repository; the project's name in the local storage. */
  readonly repo: string;
  readonly tag: string;
  /** `repo:tag`, by which it is found. */
  readonly name: string;
  /** sha256:… of the manifest; '' in the local storage. */
  readonly digest: string;
  /** sha256:… of the configuration. */
  readonly id: string;
}

/** @returns the value, or why there is none */
export function dependencyValue(type: DependencyType, last: LastStage): string | { readonly error: string } {
  switch (type) {
    case 'ImageName':
      return last.name;
    case 'ImageTag':
      return last.tag;
    case 'ImageRepo':
      return last.repo;
    case 'ImageID':
      return last.id;
    case 'ImageDigest':
      if (last.digest !== '') return last.digest;
      return { error: `${last.name} has no digest: only a registry gives one to an image` };
  }
}

/**
 * What an image is told of another one.
 * @returns values by build argument or variable, in the order of the imports
 * @throws UserError DEPENDENCY_VALUE for what the image does not have
 */
export function dependencyValues(
  { image, imports, position }: ImageDependency,
  last: LastStage,
): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const { type, target } of imports) {
    const value = dependencyValue(type, last);
    if (typeof value === 'string') {
      values.set(target, value);
      continue;
    }
    const message = `the ${type} of image ${image === '' ? '~' : image} cannot be passed as ${target}: ${value.error}`;
    const hint = 'build with --repo, or import ImageName or ImageID instead';
    throw new UserError('DEPENDENCY_VALUE', message, {
      problems: [{ code: 'DEPENDENCY_VALUE', message, position, hint }],
    });
  }
  return values;
}
