import type { ImageConfig, Project } from '../config/project.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
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
  return withNeeds(nodesOf(project, chosen), chosen.map(shownName));
}

/** Fields by which an image names another one. */
const NEEDS = ['dependencies', 'import', 'from', 'fromImage', 'fromArtifact'];

/** @throws UserError for images whose needs this version does not read yet: a graph without them would be wrong */
function nodesOf({ images }: Project, chosen: readonly string[]): readonly ImageNode[] {
  const asked = images.filter(({ names }) => names.some((name) => chosen.includes(name)));
  const problems = asked.flatMap(unreadNeeds);
  if (problems.length > 0) {
    throw new UserError('NOT_SUPPORTED', 'this version cannot tell yet what every image needs', { problems });
  }
  return images.flatMap(({ names }) =>
    names.map((name) => ({ name: shownName(name), from: null, imports: [], dependencies: [] })),
  );
}

function unreadNeeds({ kind, names, position, unsupported }: ImageConfig): readonly Problem[] {
  const image = shownName(names[0] ?? '');
  if (kind === 'stapel') {
    const message = `image ${image}: images without \`dockerfile\` are not supported yet`;
    return [{ code: 'NOT_SUPPORTED', message, position }];
  }
  return unsupported
    .filter(({ field }) => NEEDS.some((need) => field === need || field.startsWith(`${need}.`)))
    .map((field) => ({
      code: 'NOT_SUPPORTED',
      message: `image ${image}: \`${field.field}\` is not supported yet`,
      position: field.position,
    }));
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
