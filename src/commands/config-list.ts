import { openProject } from './open-project.ts';
import type { Session } from './session.ts';
import { shownName } from './shown-name.ts';

export interface ConfigListRequest {
  readonly finalImagesOnly: boolean;
}

/** @returns names of the images in file order, the nameless one as `~` */
export async function configList(
  { finalImagesOnly }: ConfigListRequest,
  session: Session,
): Promise<readonly string[]> {
  const { project } = await openProject(session, { wholeStatus: false });
  return project.images
    .filter(({ final }) => final || !finalImagesOnly)
    .flatMap(({ names }) => names.map(shownName));
}
