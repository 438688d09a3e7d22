import type { StapelImage } from '../project.ts';
import type { DockerInstructionsSection } from '../schema/docker-section.ts';
import { schemaFindings } from '../schema/schema-findings.ts';
import { StapelSection } from '../schema/stapel-section.ts';
import type { DockerInstructions, Mount, UserInstructions } from '../stapel-parts.ts';
import { addProblem, addWarning, type ImageReading, positionOf, warnOld } from './image-reading.ts';
import { joinDestinations } from './join-destinations.ts';
import { cleaned } from './read-file-mapping.ts';
import { readGit } from './read-git.ts';
import { readDependencies, readImageBase } from './read-image-base.ts';
import { momentOf, readImports } from './read-imports.ts';
import { hasUserStage, readAnsible, readShell } from './read-instructions.ts';
import { readStapelBase } from './read-stapel-base.ts';
import { refuseMountTarget } from './reserved-paths.ts';
import { unsupportedFields } from './unsupported-fields.ts';

/** @returns null when the document has problems; they are among the findings */
export function readStapelImage(reading: ImageReading): StapelImage | null {
  const { document, findings } = reading;
  const parsed = StapelSection.safeParse(document.value, { jitless: true });
  if (!parsed.success) {
    findings.problems.push(...schemaFindings(parsed.error.issues, document, StapelSection));
    return null;
  }
  const fields = parsed.data;
  const artifact = fields.artifact !== undefined;
  const names = fields.image ?? fields.artifact ?? [];
  const key = artifact ? 'artifact' : 'image';
  const final = !artifact && (fields.final ?? true);
  warnOfOldForms(reading, fields);
  const instructions = readInstructions(reading, fields);
  warnOfIdleDependencies(reading, fields, instructions);
  const files = joinDestinations(
    reading,
    readGit(reading, fields.git ?? []),
    readImports(reading, fields.import ?? []),
  );
  const base = readImageBase(reading, fields, names, { key, final });
  return {
    kind: 'stapel',
    ...base,
    dependencies: dependenciesOf(reading, fields),
    artifact,
    base: readStapelBase(reading, fields, names),
    fromLatest: fields.fromLatest,
    fromCacheVersion: fields.fromCacheVersion ?? '',
    disableGitAfterPatch: artifact || (fields.disableGitAfterPatch ?? false),
    ...files,
    mounts: readMounts(reading, fields.mount ?? []),
    instructions,
    docker: fields.docker ? readDocker(fields.docker) : null,
    unsupported: unsupportedFields(reading, base),
  };
}

function warnOfOldForms(reading: ImageReading, { artifact, docker }: StapelSection): void {
  if (artifact !== undefined) {
    warnOld(reading, ['artifact'], '`image` with `final: false` and `disableGitAfterPatch: true`');
  }
  if (docker !== undefined) warnOld(reading, ['docker'], '`imageSpec`');
}

function readInstructions(reading: ImageReading, { shell, ansible }: StapelSection): UserInstructions | null {
  if (shell) return readShell(shell);
  return ansible ? readAnsible(reading, ansible) : null;
}

function warnOfIdleDependencies(
  reading: ImageReading,
  { git = [] }: StapelSection,
  instructions: UserInstructions | null,
): void {
  git.forEach(({ stageDependencies }, i) => {
    for (const stage of ['install', 'beforeSetup', 'setup'] as const) {
      if (stageDependencies?.[stage] === undefined || hasUserStage(instructions, stage)) continue;
      const message = `\`stageDependencies.${stage}\` has no effect: the image has no instructions for \`${stage}\``;
      addWarning(reading, ['git', i, 'stageDependencies', stage], 'CONFIG_IDLE_DEPENDENCIES', message, {
        atKey: true,
      });
    }
  });
}

function dependenciesOf(reading: ImageReading, { dependencies = [] }: StapelSection) {
  const fields = dependencies.map((entry) => ({
    image: entry.image,
    moment: momentOf(entry),
    imports: (entry.imports ?? []).map(({ type, targetEnv }) => ({ type, target: targetEnv })),
  }));
  return readDependencies(reading, fields, 'targetEnv', new Map());
}

function readMounts(reading: ImageReading, fields: NonNullable<StapelSection['mount']>): readonly Mount[] {
  const seen = new Set<string>();
  return fields.map((entry, i) => {
    const to = cleaned(entry.to);
    if (seen.has(to)) {
      addProblem(reading, ['mount', i, 'to'], 'CONFIG_MOUNT_TWICE', `two mounts at \`${to}\``);
    }
    seen.add(to);
    refuseMountTarget(reading, ['mount', i, 'to'], to);
    const position = positionOf(reading, ['mount', i]);
    if (entry.fromPath !== undefined) return { to, source: { kind: 'path', path: entry.fromPath }, position };
    return { to, source: { kind: entry.from ?? 'tmp_dir' }, position };
  });
}

function readDocker(fields: DockerInstructionsSection): DockerInstructions {
  return {
    user: fields.USER ?? null,
    workdir: fields.WORKDIR ?? null,
    healthcheck: fields.HEALTHCHECK ?? null,
    cmd: fields.CMD ?? null,
    entrypoint: fields.ENTRYPOINT ?? null,
    volume: fields.VOLUME ?? [],
    expose: fields.EXPOSE ?? [],
    env: new Map(Object.entries(fields.ENV ?? {})),
    label: new Map(Object.entries(fields.LABEL ?? {})),
  };
}
