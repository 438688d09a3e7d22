import { type RenderedDocument, renderedDocuments } from '../config/rendered-documents.ts';
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
  const { project, text } = await openProject(session, { wholeStatus: false });
  const documents = renderedDocuments(text);
  if (images.length === 0) return joined(documents);
  const choosable = project.images.flatMap(({ names, final }) => names.map((name) => ({ name, final })));
  const chosen = new Set(chooseImages(choosable, images, { finalOnly: false }));
  return joined(documents.filter((document) => document.images.some((name) => chosen.has(name))));
}

function joined(documents: readonly RenderedDocument[]): string {
  return documents.map(({ text }) => (text.endsWith('\n') ? text : `${text}\n`)).join('---\n');
}
