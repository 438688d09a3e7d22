import type { Project, StapelImage } from '../config/project.ts';
import { chooseImages } from './choose-images.ts';
import type { ImageNode } from './graph-text.ts';
import { openProject } from './open-project.ts';
import type { Session } from './session.ts';
import { shownName } from './shown-name.ts';

export interface ConfigGraphRequest {
  /** Image arguments as given; empty: all images. */
  readonly images: readonly string[];
}

/** @returns the images asked for and all that they need, in file order */
export async function configGraph(
  { images }: ConfigGraphRequest,
  session: Session,
): Promise<readonly ImageNode[]> {
  const { project } = await openProject(session, { wholeStatus: false });
  const choosable = project.images.flatMap(({ names, final }) => names.map((name) => ({ name, final })));
  const chosen = chooseImages(choosable, images, { finalOnly: false });
  return withNeeds(nodesOf(project), chosen.map(shownName));
}

function nodesOf({ images }: Project): readonly ImageNode[] {
  return images.flatMap((image) =>
    image.names.map((name) => ({
      name: shownName(name),
      from: image.kind === 'stapel' && image.base.kind === 'image' ? image.base.image : null,
      imports: image.kind === 'stapel' ? importedBy(image) : [],
      dependencies: unique(image.dependencies.map(({ image: needed }) => needed)),
    })),
  );
}

/** Images of the file; what comes from elsewhere is no node. */
function importedBy({ imports }: StapelImage): readonly string[] {
  return unique(imports.flatMap(({ source }) => (source.kind === 'image' ? [source.image] : [])));
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}

/** The named nodes and all that they need. */
export function withNeeds(nodes: readonly ImageNode[], names: readonly string[]): readonly ImageNode[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const reached = new Set<string>();
  const visit = (name: string) => {
    if (reached.has(name)) return;
    reached.add(name);
    const node = byName.get(name);
    for (const need of node ? needsOf(node) : []) visit(need);
  };
  for (const name of names) visit(name);
  return nodes.filter(({ name }) => reached.has(name));
}

function needsOf({ from, imports, dependencies }: ImageNode): readonly string[] {
  return [...(from === null ? [] : [from]), ...imports, ...dependencies];
}
