import type { Problem } from '../diagnostics/problem.ts';
import type { ImageConfig } from './project.ts';
import { problemAt } from './schema-problems.ts';
import type { ConfigDocument } from './yaml-documents.ts';

interface Named {
  readonly image: ImageConfig;
  readonly document: ConfigDocument;
}

/** Names given twice, and a nameless image beside others. */
export function nameConflicts(images: readonly Named[]): readonly Problem[] {
  const problems: Problem[] = [];
  const seen = new Map<string, number>();
  for (const { image, document } of images) {
    for (const name of image.names) {
      const line = seen.get(name);
      if (line !== undefined) {
        const message = `conflict between images names: \`${name === '' ? '~' : name}\` is already at line ${line}`;
        problems.push(problemAt(document, image.position, 'CONFIG_NAME_TWICE', message));
      } else {
        seen.set(name, image.position.line);
      }
    }
  }
  const deliverable = images.filter(({ image, document }) => image.final && !isArtifact(document));
  if (deliverable.length < 2) return problems;
  const nameless = images.filter(({ image }) => image.names.includes(''));
  const message = 'a nameless image (`image: ~`) is allowed only when it is the only one of its file';
  return [
    ...problems,
    ...nameless.map(({ image, document }) => problemAt(document, image.position, 'CONFIG_NAMELESS', message)),
  ];
}

function isArtifact({ value }: ConfigDocument): boolean {
  return typeof value === 'object' && value !== null && 'artifact' in value;
}
