import { posix } from 'node:path';
import type { Position } from '../../diagnostics/problem.ts';
import type { Platform } from '../../oci/platform.ts';
import type { BuildMoment, DependencyType, ImageDependency, Secret } from '../image-inputs.ts';
import type { ImageBase } from '../project.ts';
import type { SecretSection } from '../schema/image-fields.ts';
import type { ImageSpecSection } from '../schema/image-spec-section.ts';
import { isMapping } from '../yaml/value-tree.ts';
import { addProblem, type ImageReading, keyPositionOf, positionOf } from './image-reading.ts';
import { readImageSpec } from './read-image-spec.ts';

/** Fields of images of every kind, as their schema gives them. */
export interface BaseFields {
  readonly final?: boolean | undefined;
  readonly cacheVersion?: string | undefined;
  readonly platform?: readonly Platform[] | undefined;
  readonly network?: string | undefined;
  readonly secrets?: readonly SecretSection[] | undefined;
  readonly imageSpec?: ImageSpecSection | undefined;
  readonly sbom?: 'spdx' | 'cyclonedx' | 'none' | undefined;
}

/** @param key the field that holds the names */
export function readImageBase(
  reading: ImageReading,
  fields: BaseFields,
  names: readonly string[],
  { key, final }: { readonly key: string; readonly final: boolean },
): Omit<ImageBase, 'unsupported' | 'dependencies'> {
  const { defaults } = reading;
  const sbom = fields.sbom ?? (final ? defaults.sbom : null);
  return {
    names,
    position: positionOf(reading, [key]),
    fieldPositions: fieldPositions(reading),
    final,
    cacheVersion: fields.cacheVersion ?? defaults.cacheVersion,
    platforms: [...new Set(fields.platform ?? defaults.platforms)],
    network: fields.network ?? 'default',
    secrets: readSecrets(reading, fields.secrets ?? []),
    imageSpec: readImageSpec(reading, fields.imageSpec, final ? defaults.imageSpec : null),
    sbom: sbom === 'none' ? null : sbom,
  };
}

function fieldPositions(reading: ImageReading): ReadonlyMap<string, Position> {
  const { value } = reading.document;
  const keys = isMapping(value) ? Object.keys(value) : [];
  return new Map(keys.map((key) => [key, keyPositionOf(reading, [key])]));
}

function readSecrets(reading: ImageReading, fields: readonly SecretSection[]): readonly Secret[] {
  const seen = new Set<string>();
  return fields.map(({ id: given, env, src, value }, i) => {
    const id = given ?? env ?? posix.basename(src ?? '');
    if (seen.has(id)) {
      addProblem(reading, ['secrets', i], 'CONFIG_SECRET_TWICE', `two secrets have the id \`${id}\``, {
        sections: [['secrets', i]],
      });
    }
    seen.add(id);
    const position = positionOf(reading, ['secrets', i]);
    if (env !== undefined) return { id, source: { kind: 'env', name: env }, position };
    if (src !== undefined) return { id, source: { kind: 'file', path: src }, position };
    return { id, source: { kind: 'value', text: value ?? '' }, position };
  });
}

export interface DependencyFields {
  readonly image: string;
  readonly moment: BuildMoment | null;
  readonly imports: readonly { readonly type: DependencyType; readonly target: string }[];
}

/**
 * @param field name of the field that holds the target
 * @param taken names that cannot be targets, and why
 */
export function readDependencies(
  reading: ImageReading,
  fields: readonly DependencyFields[],
  field: string,
  taken: ReadonlyMap<string, string>,
): readonly ImageDependency[] {
  const targets = new Map(taken);
  return fields.map(({ image, moment, imports }, i) => {
    imports.forEach(({ target }, j) => {
      const why = targets.get(target);
      const path = ['dependencies', i, 'imports', j, field];
      if (why !== undefined) addProblem(reading, path, 'CONFIG_TARGET_TWICE', `\`${target}\` ${why}`);
      targets.set(target, 'is already set by another import');
    });
    return { image, when: moment, imports, position: positionOf(reading, ['dependencies', i, 'image']) };
  });
}
