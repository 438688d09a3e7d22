import { posix } from 'node:path';
import { nearest } from '../diagnostics/nearest.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { type Platform, parsePlatform } from '../oci/platform.ts';
import { DockerfileDocument, ImageNames, STAPEL_KEYS } from './dockerfile-schema.ts';
import type { MetaDocument } from './meta-schema.ts';
import type { DockerfileImage, ImageBase, StapelImage, UnsupportedField } from './project.ts';
import { problemAt, schemaProblems } from './schema-problems.ts';
import type { ConfigDocument } from './yaml-documents.ts';

export interface ReadImage<I> {
  /** null when problems leave nothing to carry. */
  readonly image: I | null;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** @param meta the project's document; null when it has problems of its own */
export function readDockerfileImage(
  document: ConfigDocument,
  meta: MetaDocument | null,
): ReadImage<DockerfileImage> {
  const parsed = DockerfileDocument.safeParse(document.value);
  if (!parsed.success) {
    const problems = schemaProblems(parsed.error.issues, document, DockerfileDocument);
    return { image: null, problems, warnings: [] };
  }
  const fields = parsed.data;
  const context = insideProject(document, 'context', fields.context ?? '.');
  const added = (fields.contextAddFiles ?? fields.contextAddFile ?? []).map((path, i) => {
    const key = fields.contextAddFiles ? 'contextAddFiles' : 'contextAddFile';
    const position = document.at([key, i]);
    return { ...insideProject(document, key, path), position };
  });
  const dockerfile = insideProject(document, 'dockerfile', fields.dockerfile);
  const platforms = readPlatforms(document, fields.platform, meta);
  const image: DockerfileImage = {
    kind: 'dockerfile',
    ...baseOf(document, fields, meta, platforms.list),
    context: context.path,
    dockerfile: dockerfile.path,
    dockerfilePosition: document.at(['dockerfile']),
    contextAddFiles: added.map(({ path, position }) => ({ path, position })),
    target: fields.target ?? '',
    targetPosition: document.at(['target']),
    args: new Map(Object.entries(fields.args ?? {})),
    addHosts: fields.addHost ?? [],
    unsupported: unsupportedFields(document, fields, meta, platforms.list),
  };
  const problems = [context, dockerfile, ...added, platforms].flatMap((part) => part.problems);
  return { image, problems, warnings: oldSpellings(document, fields) };
}

/** Stapel images are recognised; building one is refused with its position. */
export function readStapelImage(document: ConfigDocument, meta: MetaDocument | null): ReadImage<StapelImage> {
  const value = document.value as Readonly<Record<string, unknown>>;
  const key = 'artifact' in value ? 'artifact' : 'image';
  const names = ImageNames.safeParse(value[key]);
  const unknown = Object.keys(value).filter((name) => !STAPEL_KEYS.includes(name));
  const problems = unknown.length === 0 ? [] : [unknownStapelKeys(document, unknown)];
  if ('artifact' in value && 'image' in value) {
    const message = '`image` and `artifact` in one document: it is one or the other';
    problems.push(problemAt(document, document.atKey([], 'artifact'), 'CONFIG_KIND', message));
  }
  if (!names.success) {
    const position = document.at([key]);
    problems.push(
      problemAt(document, position, 'CONFIG_FIELD', `\`${key}\`: expected a name, a list of names, or ~`),
    );
    return { image: null, problems, warnings: [] };
  }
  const final = key !== 'artifact' && !/^(false|no|off)$/i.test(String(value['final'] ?? 'true'));
  const fields = { image: names.data, final };
  const position = document.atKey([], key);
  const unsupported = [{ field: 'Stapel image', position }];
  return {
    image: { kind: 'stapel', ...baseOf(document, fields, meta, []), unsupported },
    problems,
    warnings: [],
  };
}

type CommonFields = Pick<DockerfileDocument, 'image'> &
  Partial<Pick<DockerfileDocument, 'final' | 'cacheVersion' | 'network'>>;

function baseOf(
  document: ConfigDocument,
  { image, final, cacheVersion, network }: CommonFields,
  meta: MetaDocument | null,
  platforms: readonly Platform[],
): Omit<ImageBase, 'unsupported'> {
  return {
    names: image,
    position: document.at(['image']),
    final: final ?? true,
    cacheVersion: cacheVersion ?? meta?.build?.cacheVersion ?? '',
    platforms,
    network: network ?? 'default',
  };
}

function unsupportedFields(
  document: ConfigDocument,
  fields: DockerfileDocument,
  meta: MetaDocument | null,
  platforms: readonly Platform[],
): readonly UnsupportedField[] {
  const asked: readonly (readonly [string, boolean])[] = [
    ['staged', fields.staged ?? meta?.build?.staged ?? false],
    ['dependencies', (fields.dependencies ?? []).length > 0],
    ['secrets', (fields.secrets ?? []).length > 0],
    [
      'imageSpec',
      fields.imageSpec !== undefined || (meta?.build?.imageSpec !== undefined && fields.final !== false),
    ],
    ['platform', platforms.length > 1],
  ];
  return asked.filter(([, used]) => used).map(([field]) => ({ field, position: document.at([field]) }));
}

function insideProject(document: ConfigDocument, field: string, text: string) {
  const path = posix.normalize(text).replace(/^\.\/?$|\/$/g, '');
  const leaves = text.startsWith('/') || path === '..' || path.startsWith('../');
  const message = `\`${field}\`: "${text}" must be a relative path that stays inside the project`;
  const problems = leaves ? [problemAt(document, document.at([field]), 'CONFIG_PATH', message)] : [];
  return { path, problems };
}

function readPlatforms(
  document: ConfigDocument,
  own: readonly string[] | undefined,
  meta: MetaDocument | null,
) {
  const list: Platform[] = [];
  const problems: Problem[] = [];
  (own ?? meta?.build?.platform ?? []).forEach((text, i) => {
    const platform = parsePlatform(text);
    if (platform) list.push(platform);
    else {
      const message = `\`platform\`: "${text}" is no platform`;
      problems.push(
        problemAt(
          document,
          document.at(['platform', i]),
          'CONFIG_PLATFORM',
          message,
          'write it as linux/amd64',
        ),
      );
    }
  });
  return { list, problems };
}

function oldSpellings(document: ConfigDocument, { contextAddFile }: DockerfileDocument): readonly Problem[] {
  if (contextAddFile === undefined) return [];
  const position = document.atKey([], 'contextAddFile');
  return [
    {
      code: 'CONFIG_OLD_FIELD',
      message: '`contextAddFile` is an old spelling of `contextAddFiles`',
      position,
    },
  ];
}

function unknownStapelKeys(document: ConfigDocument, unknown: readonly string[]): Problem {
  const message = `unknown fields: ${unknown.map((key) => `\`${key}\``).join(', ')}!`;
  const guess = nearest(unknown[0] ?? '', [...STAPEL_KEYS, 'dockerfile']);
  const dockerfileField = Object.keys(DockerfileDocument.shape).some((key) => unknown.includes(key));
  const hint = dockerfileField
    ? 'is `dockerfile: Dockerfile` missing?'
    : guess === null
      ? undefined
      : `did you mean \`${guess}\` instead of \`${unknown[0]}\`?`;
  return problemAt(document, document.atKey([], unknown[0] ?? ''), 'CONFIG_UNKNOWN_FIELD', message, hint);
}
