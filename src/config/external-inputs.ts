import { posix } from 'node:path';
import type { Position, Problem } from '../diagnostics/problem.ts';
import { type Permissions, permissionLines } from '../giterminism/permissions.ts';
import { EXTERNAL_DEPENDENCY, NOT_ACCEPTED, permitHint } from '../giterminism/refusals.ts';
import type { Secret } from './image-inputs.ts';
import type { ImageConfig, Project, StapelImage } from './project.ts';
import type { Mount } from './stapel-parts.ts';

export interface InputsCheckedBy {
  /** Asked only when something needs a permission. */
  readonly permissions: () => Promise<Permissions>;
  /** Absolute. */
  readonly projectDirectory: string;
  /** Absolute; what `~` stands for. */
  readonly homeDirectory: string;
  /** Which of some paths globs take. */
  readonly matching: (globs: readonly string[], paths: readonly string[]) => Promise<readonly string[]>;
}

/** An input that git does not hold. */
interface ExternalInput {
  readonly what: string;
  readonly position: Position;
  /** The path of keys that permits it, and the value there. */
  readonly keys: readonly string[];
  readonly value: string | true;
  permitted(permissions: Permissions, by: InputsCheckedBy): boolean | Promise<boolean>;
}

/** Inputs that git does not hold and that nothing permits, of all images. */
export async function externalInputs(project: Project, by: InputsCheckedBy): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const input of project.images.flatMap(inputsOf)) {
    if (await input.permitted(await by.permissions(), by)) continue;
    problems.push({
      code: NOT_ACCEPTED,
      message: `${EXTERNAL_DEPENDENCY}${input.what} not allowed by giterminism`,
      position: input.position,
      hint: permitHint(permissionLines(input.keys, input.value)),
    });
  }
  return problems;
}

function inputsOf(image: ImageConfig): readonly ExternalInput[] {
  return [...(image.kind === 'stapel' ? stapelInputs(image) : []), ...image.secrets.map(secretInput)];
}

function stapelInputs(image: StapelImage): readonly ExternalInput[] {
  const fromLatest: ExternalInput = {
    what: 'fromLatest directive',
    position: image.fieldPositions.get('fromLatest') ?? image.position,
    keys: ['config', 'stapel', 'allowFromLatest'],
    value: true,
    permitted: (permissions) => permissions.fromLatest,
  };
  const branches = image.git
    .filter(({ repository }) => repository.kind === 'remote' && movesOn(repository.reference.kind))
    .map(
      ({ position }): ExternalInput => ({
        what: 'git branch directive',
        position,
        keys: ['config', 'stapel', 'git', 'allowBranch'],
        value: true,
        permitted: (permissions) => permissions.gitBranch,
      }),
    );
  return [...(image.fromLatest ? [fromLatest] : []), ...branches, ...image.mounts.flatMap(mountInput)];
}

function movesOn(kind: string): boolean {
  return kind === 'branch' || kind === 'default-branch';
}

function mountInput({ source, position }: Mount): readonly ExternalInput[] {
  if (source.kind === 'tmp_dir') return [];
  if (source.kind === 'build_dir') {
    return [
      {
        what: '"mount { from: build_dir, ... }"',
        position,
        keys: ['config', 'stapel', 'mount', 'allowBuildDir'],
        value: true,
        permitted: (permissions) => permissions.mountBuildDirectory,
      },
    ];
  }
  const { path } = source;
  return [
    {
      what: `"mount { fromPath: ${path}, ... }"`,
      position,
      keys: ['config', 'stapel', 'mount', 'allowFromPaths'],
      value: path,
      permitted: (permissions, by) => covers(permissions.mountPaths, path, by),
    },
  ];
}

function secretInput({ id, source, position }: Secret): ExternalInput {
  const input = { what: `secret "${id}" is`, position };
  const keys = (name: string) => ['config', 'secrets', name];
  switch (source.kind) {
    case 'env':
      return {
        ...input,
        keys: keys('allowEnvVariables'),
        value: source.name,
        permitted: (permissions) => permissions.secrets.variables.includes(source.name),
      };
    case 'value':
      return {
        ...input,
        keys: keys('allowValueIds'),
        value: id,
        permitted: (permissions) => permissions.secrets.valueIds.includes(id),
      };
    case 'file':
      return {
        ...input,
        keys: keys('allowFiles'),
        value: source.path,
        permitted: (permissions, by) => covers(permissions.secrets.files, source.path, by),
      };
  }
}

/** Globs and path are made absolute before they are compared. */
async function covers(globs: readonly string[], path: string, by: InputsCheckedBy): Promise<boolean> {
  if (globs.length === 0) return false;
  const absolute = (text: string) => {
    if (text === '~' || text.startsWith('~/')) return posix.join(by.homeDirectory, text.slice(1));
    return posix.resolve(by.projectDirectory, text);
  };
  // Patterns and paths both go without the leading slash.
  const plain = (text: string) => absolute(text).slice(1);
  return (await by.matching(globs.map(plain), [plain(path)])).length > 0;
}
