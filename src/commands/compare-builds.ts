import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayerDifference } from '../engine/engine.ts';
import type { Workshop } from '../engine/workshop.ts';
import {
  fieldDifferences,
  type ImageConfiguration,
  parseImageConfiguration,
} from '../oci/image-configuration.ts';
import { LABEL } from '../stages/stage-labels.ts';
import type { Session } from './session.ts';

/** One image as two stores have it. */
export interface BuiltTwice {
  readonly name: string;
  readonly first: Copy;
  readonly second: Copy;
}

interface Copy {
  /** Id in the store. */
  readonly id: string;
  readonly insides: Workshop['insides'];
}

export interface Comparison {
  readonly layers: number;
  /** What differs, in lines for people; empty: nothing. */
  readonly differences: readonly string[];
}

/** At most so many files of a layer, or fields of a configuration, are told. */
const TOLD = 20;

/** Compares the layers' digests and the configurations, and looks into the first layer that differs. */
export async function compareBuilds(built: BuiltTwice, session: Session): Promise<Comparison> {
  const { signal } = session;
  const read = async ({ id, insides }: Copy) =>
    // The previous stage's name holds the time at which it was saved.
    parseImageConfiguration(await insides.configuration(id, signal), [LABEL.parentStageId]);
  const [first, second] = await Promise.all([read(built.first), read(built.second)]);
  const count = Math.min(first.diffIds.length, second.diffIds.length);
  const layers = Array.from({ length: count }, (_, index) => index);
  const differing = layers.find((index) => first.diffIds[index] !== second.diffIds[index]);
  return {
    layers: first.diffIds.length,
    differences: [
      ...(differing === undefined ? countLines(first, second) : layerLines(first, second, differing)),
      ...(differing === undefined ? [] : fileLines(await filesOf(built, differing, session))),
      ...configurationLines(first, second),
    ],
  };
}

async function filesOf(
  { first, second }: BuiltTwice,
  index: number,
  { host, clock, signal }: Session,
): Promise<readonly LayerDifference[]> {
  const name = join(await host.runDirectory(), `layer-${clock.unique()}`);
  const [one, two] = [`${name}-1.tar`, `${name}-2.tar`];
  try {
    await first.insides.exportLayer(first.id, { index, file: one }, signal);
    await second.insides.exportLayer(second.id, { index, file: two }, signal);
    return await first.insides.compareLayers([one, two], TOLD, signal);
  } finally {
    await Promise.all([one, two].map((file) => rm(file, { force: true })));
  }
}

function countLines(first: ImageConfiguration, second: ImageConfiguration): readonly string[] {
  const [one, two] = [first.diffIds.length, second.diffIds.length];
  return one === two ? [] : [`the first build has ${one} layers, the second one ${two}`];
}

function layerLines(first: ImageConfiguration, second: ImageConfiguration, index: number): readonly string[] {
  const maker = first.instructions[index] ?? '';
  return [
    `layer ${index + 1} of ${first.diffIds.length} differs${maker === '' ? '' : `, made by ${maker}`}`,
    `  first:  ${first.diffIds[index]}`,
    `  second: ${second.diffIds[index]}`,
  ];
}

function fileLines(differences: readonly LayerDifference[]): readonly string[] {
  if (differences.length === 0) return ['  its files are equal: only the way the layer is written differs'];
  const lines = differences.map(
    ({ path, what, first, second }) => `  /${path}: ${what}: ${first || '-'} and ${second || '-'}`,
  );
  return differences.length < TOLD ? lines : [...lines, '  … and perhaps more'];
}

function configurationLines(first: ImageConfiguration, second: ImageConfiguration): readonly string[] {
  const differences = fieldDifferences(first.rest, second.rest);
  if (differences.length === 0) return [];
  const lines = differences.slice(0, TOLD).map((at) => `  ${at.path}: ${at.first} and ${at.second}`);
  const more = differences.length > TOLD ? [`  … and ${differences.length - TOLD} more`] : [];
  return ['the configuration differs', ...lines, ...more];
}
