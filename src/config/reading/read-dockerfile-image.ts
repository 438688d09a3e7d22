import { posix } from 'node:path';
import type { Position } from '../../diagnostics/problem.ts';
import type { DockerfileImage } from '../project.ts';
import { DockerfileSection } from '../schema/dockerfile-section.ts';
import { schemaFindings } from '../schema/schema-findings.ts';
import type { Path } from '../yaml/config-document.ts';
import { addProblem, type ImageReading, positionOf, warnOld } from './image-reading.ts';
import { readDependencies, readImageBase } from './read-image-base.ts';
import { unsupportedFields } from './unsupported-fields.ts';

/** @returns null when the document has problems; they are among the findings */
export function readDockerfileImage(reading: ImageReading): DockerfileImage | null {
  const { document, findings, defaults } = reading;
  const parsed = DockerfileSection.safeParse(document.value, { jitless: true });
  if (!parsed.success) {
    findings.problems.push(...schemaFindings(parsed.error.issues, document, DockerfileSection));
    return null;
  }
  const fields = parsed.data;
  const args = new Map(Object.entries(fields.args ?? {}));
  const image: Omit<DockerfileImage, 'unsupported'> = {
    kind: 'dockerfile',
    ...readImageBase(reading, fields, fields.image, { key: 'image', final: fields.final ?? true }),
    dependencies: dependenciesOf(reading, fields, args),
    context: insideProject(reading, ['context'], fields.context ?? ''),
    dockerfile: insideProject(reading, ['dockerfile'], fields.dockerfile),
    dockerfilePosition: positionOf(reading, ['dockerfile']),
    contextAddFiles: addedFiles(reading, fields),
    target: fields.target ?? '',
    targetPosition: positionOf(reading, ['target']),
    args,
    addHosts: fields.addHost ?? [],
    staged: fields.staged ?? defaults.staged,
    ssh: fields.ssh ?? '',
  };
  return { ...image, unsupported: unsupportedFields(reading, image, [['staged', image.staged]]) };
}

function dependenciesOf(
  reading: ImageReading,
  { dependencies = [] }: DockerfileSection,
  args: ReadonlyMap<string, string>,
) {
  const fields = dependencies.map(({ image, imports = [] }) => ({
    image,
    moment: null,
    imports: imports.map(({ type, targetBuildArg }) => ({ type, target: targetBuildArg })),
  }));
  const taken = new Map([...args.keys()].map((name) => [name, 'is already set by `args`']));
  return readDependencies(reading, fields, 'targetBuildArg', taken);
}

function addedFiles(
  reading: ImageReading,
  { contextAddFiles, contextAddFile }: DockerfileSection,
): readonly { readonly path: string; readonly position: Position }[] {
  const key = contextAddFiles ? 'contextAddFiles' : 'contextAddFile';
  if (contextAddFile) warnOld(reading, ['contextAddFile'], '`contextAddFiles`');
  return (contextAddFiles ?? contextAddFile ?? []).map((text, i) => {
    const path = insideProject(reading, [key, i], text);
    if (path === '')
      addProblem(reading, [key, i], 'CONFIG_PATH', `\`${key}\`: the context itself cannot be added`);
    return { path, position: positionOf(reading, [key, i]) };
  });
}

function insideProject(reading: ImageReading, path: Path, text: string): string {
  const normal = posix.normalize(text).replace(/^\.\/?$|\/$/g, '');
  if (text.startsWith('/') || normal === '..' || normal.startsWith('../')) {
    const message = `\`${String(path[0])}\`: "${text}" must be a relative path that stays inside the project`;
    addProblem(reading, path, 'CONFIG_PATH', message);
  }
  return normal;
}
