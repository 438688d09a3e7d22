import { type ConfigDocument, readDocuments } from '../config/yaml-documents.ts';
import { chooseImages } from './choose-images.ts';
import { openProject } from './open-project.ts';
import type { Session } from './session.ts';

export interface ConfigRenderRequest {
  /** Image arguments as given; empty: the whole configuration. */
  readonly images: readonly string[];
}

/**
 * @returns the rendered documents as they are, with a line `---` between them;
 * with image arguments only the documents of these images
 */
export async function configRender({ images }: ConfigRenderRequest, session: Session): Promise<string> {
  const { project, text, file } = await openProject(session, { wholeStatus: false });
  const documents = readDocuments(text, file);
  if (images.length === 0) return joined(documents);
  const choosable = project.images.flatMap(({ names, final }) => names.map((name) => ({ name, final })));
  const chosen = new Set(chooseImages(choosable, images, { finalOnly: false }));
  return joined(documents.filter((document) => namesOf(document).some((name) => chosen.has(name))));
}

function joined(documents: readonly ConfigDocument[]): string {
  return documents.map(({ text }) => (text.endsWith('\n') ? text : `${text}\n`)).join('---\n');
}

/** Names of the images that a document describes; none for that of the project. */
function namesOf({ value }: ConfigDocument): readonly string[] {
  if (typeof value !== 'object' || value === null || 'configVersion' in value) return [];
  const given: unknown = 'image' in value ? value.image : 'artifact' in value ? value.artifact : '';
  const names: readonly unknown[] = Array.isArray(given) ? given : [given];
  return names.map((name) => (typeof name === 'string' && name !== '~' ? name : ''));
}
