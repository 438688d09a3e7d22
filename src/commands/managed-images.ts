import { nearest } from '../diagnostics/nearest.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { RepositoryAddress } from '../oci/repository-address.ts';
import { type ProjectRecords, projectRecords } from '../storage/project-records.ts';
import { openProject } from './open-project.ts';
import type { Session } from './session.ts';
import { shownName } from './shown-name.ts';

const LONGEST = 100;

/** @returns names that are recorded, sorted; the nameless image as `~` */
export async function listManagedImages(
  repository: RepositoryAddress | null,
  session: Session,
): Promise<readonly string[]> {
  const records = await recordsOf(repository, session);
  return (await records.managedImages(session.signal)).map(shownName);
}

/** @param image as written: `~` is the nameless one @returns whether it was not recorded yet */
export async function addManagedImage(
  image: string,
  repository: RepositoryAddress | null,
  session: Session,
): Promise<boolean> {
  const name = nameOf(image);
  return await (await recordsOf(repository, session)).addManagedImage(name, session.signal);
}

/** @param image as written: `~` is the nameless one @throws UserError where it is not recorded */
export async function removeManagedImage(
  image: string,
  repository: RepositoryAddress | null,
  session: Session,
): Promise<void> {
  const name = nameOf(image);
  const records = await recordsOf(repository, session);
  if (await records.removeManagedImage(name, session.signal)) return;
  const near = nearest(image, (await records.managedImages(session.signal)).map(shownName));
  throw new UserError('MANAGED_IMAGE_UNKNOWN', `the repository has no record of an image "${image}"`, {
    hint: near ? `did you mean "${near}"?` : '`slipway managed-images ls` prints those that it has',
  });
}

async function recordsOf(repository: RepositoryAddress | null, session: Session): Promise<ProjectRecords> {
  if (repository === null) {
    throw new UserError('REPO_NEEDED', 'managed images are recorded in a repository: --repo is missing', {
      hint: 'name the repository that keeps the stages of the project with --repo or WERF_REPO',
    });
  }
  const { project } = await openProject(session, { wholeStatus: false });
  return projectRecords({ project: project.name, address: repository, registry: session.ports.registry });
}

function nameOf(image: string): string {
  if (image === '~') return '';
  const bad = (reason: string) =>
    new UserError('IMAGE_NAME_INVALID', `"${image}" is not the name of an image: ${reason}`, {
      hint: 'give it as werf.yaml names it; ~ is the image without a name',
    });
  const wrong = /[*?[\]!&|$%\p{Cc}]/u.exec(image)?.[0];
  if (wrong !== undefined)
    throw bad(`names hold no ${JSON.stringify(wrong)}, and patterns are not taken here`);
  if (image.length > LONGEST) throw bad(`it has more than ${LONGEST} characters`);
  return image;
}
