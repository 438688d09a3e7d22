import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { parseRepository, type RepositoryAddress } from '../oci/repository-address.ts';
import type { StorageRoles } from '../storage/storage-roles.ts';
import type { FlagValues } from './flag.ts';
import { LOCAL, type repositoryFlags } from './repository-flags.ts';

type Given = Pick<FlagValues<typeof repositoryFlags>, 'repo' | 'finalRepo' | 'cacheRepo' | 'secondaryRepo'>;

/** Which repository plays which part. @throws UserError with everything that is wrong */
export function storageRolesOf({ repo, finalRepo, cacheRepo, secondaryRepo }: Given): StorageRoles {
  const problems: Problem[] = [];
  const address = (option: string, text: string): RepositoryAddress | null => {
    const result = parseRepository(text);
    if (result.ok) return result.address;
    problems.push(wrong(`--${option}: "${text}" is not a repository address: ${result.reason}`));
    return null;
  };
  const all = (option: string, texts: readonly string[]) =>
    texts.map((text) => address(option, text)).filter((one) => one !== null);
  const primary = repo === LOCAL ? null : repo;
  const roles: StorageRoles = {
    primary,
    caches: all('cache-repo', cacheRepo),
    secondaries: all('secondary-repo', secondaryRepo),
    final: finalRepo === null || finalRepo === '' ? null : address('final-repo', finalRepo),
  };
  problems.push(...withoutPrimary(roles), ...twice(roles));
  const [first] = problems;
  if (!first) return roles;
  if (problems.length === 1)
    throw new UserError(first.code, first.message, first.hint ? { hint: first.hint } : {});
  throw new UserError('REPOSITORY_ROLES', 'the repositories cannot be used so', { problems });
}

function named({ primary, caches, secondaries, final }: StorageRoles) {
  return [
    ...(primary ? [['repo', primary] as const] : []),
    ...caches.map((one) => ['cache-repo', one] as const),
    ...secondaries.map((one) => ['secondary-repo', one] as const),
    ...(final ? [['final-repo', final] as const] : []),
  ];
}

function withoutPrimary(roles: StorageRoles): readonly Problem[] {
  if (roles.primary !== null) return [];
  return [...new Set(named(roles).map(([option]) => option))].map((option) => ({
    ...wrong(`--${option} needs --repo`),
    hint: 'name the repository that keeps the stages of the project with --repo or WERF_REPO',
  }));
}

function twice(roles: StorageRoles): readonly Problem[] {
  const seen = new Map<string, string>();
  return named(roles).flatMap(([option, address]) => {
    const other = seen.get(address);
    seen.set(address, option);
    return other === undefined ? [] : [wrong(`--${option}: ${address} is already given by --${other}`)];
  });
}

function wrong(message: string): Problem {
  return { code: 'REPOSITORY_ROLES', message };
}
