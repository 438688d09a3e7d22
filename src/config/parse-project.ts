import type { Problem } from '../diagnostics/problem.ts';
import { DockerfileDocument, STAPEL_KEYS } from './dockerfile-schema.ts';
import { MetaDocument } from './meta-schema.ts';
import { nameConflicts } from './name-conflicts.ts';
import type { ImageConfig, Project } from './project.ts';
import { readDockerfileImage, readStapelImage } from './read-images.ts';
import { problemAt, schemaProblems } from './schema-problems.ts';
import { type ConfigDocument, readDocuments } from './yaml-documents.ts';

export interface ParseRequest {
  readonly text: string;
  /** Name of the file in positions. */
  readonly file: string;
  /** Replaces the project's name; null: not given. */
  readonly projectName: string | null;
  /** A name to propose where the file has none. */
  readonly suggestedName: string;
}

export type ParseOutcome =
  | { readonly ok: true; readonly project: Project; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export type DocumentKind = 'meta' | 'dockerfile' | 'stapel' | 'unknown';

/** Reads a whole configuration. All problems of all documents are found at once. */
export function parseProject(request: ParseRequest): ParseOutcome {
  const templates = templateActions(request);
  if (templates.length > 0) return { ok: false, problems: templates };
  const documents = readDocuments(request.text, request.file);
  const problems: Problem[] = documents.flatMap((document) => document.problems);
  const readable = documents.filter((document) => document.problems.length === 0);
  const ofKind = (kind: DocumentKind) => readable.filter((document) => documentKind(document) === kind);
  problems.push(...ofKind('unknown').map(unknownKind));

  const meta = readMeta(ofKind('meta'), request, documents.length > readable.length);
  problems.push(...meta.problems);
  const images: { readonly image: ImageConfig; readonly document: ConfigDocument }[] = [];
  const warnings: Problem[] = [];
  for (const document of readable) {
    const kind = documentKind(document);
    if (kind !== 'dockerfile' && kind !== 'stapel') continue;
    const read =
      kind === 'dockerfile'
        ? readDockerfileImage(document, meta.document)
        : readStapelImage(document, meta.document);
    problems.push(...read.problems);
    warnings.push(...read.warnings);
    if (read.image) images.push({ image: read.image, document });
  }
  problems.push(...nameConflicts(images));
  if (problems.length > 0 || !meta.document) return { ok: false, problems: inFileOrder(problems) };
  const name = request.projectName ?? meta.document.project;
  return { ok: true, project: { name, images: images.map(({ image }) => image) }, warnings };
}

export function documentKind({ value }: ConfigDocument): DocumentKind {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'unknown';
  if ('configVersion' in value) return 'meta';
  if ('dockerfile' in value) return 'dockerfile';
  return 'image' in value || 'artifact' in value ? 'stapel' : 'unknown';
}

function readMeta(found: readonly ConfigDocument[], request: ParseRequest, unreadable: boolean) {
  const [first, ...more] = found;
  if (!first) return { document: null, problems: unreadable ? [] : [missingMeta(request)] };
  const problems = more.map((document) =>
    problemAt(
      document,
      document.atKey([], 'configVersion'),
      'CONFIG_META_TWICE',
      'a second document with `configVersion`: one file has one',
    ),
  );
  const parsed = MetaDocument.safeParse(first.value);
  if (parsed.success) return { document: parsed.data, problems };
  return {
    document: null,
    problems: [...schemaProblems(parsed.error.issues, first, MetaDocument), ...problems],
  };
}

function missingMeta({ file, suggestedName }: ParseRequest): Problem {
  return {
    code: 'CONFIG_META_MISSING',
    message: 'the file has no document with `configVersion` and `project`',
    position: { file, line: 1, column: 1 },
    hint: `begin the file with:\n\nproject: ${suggestedName}\nconfigVersion: 1\n---`,
  };
}

function unknownKind(document: ConfigDocument): Problem {
  const { value } = document;
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  const position = document.at([]);
  const dockerfileKeys = ['context', 'contextAddFiles', 'contextAddFile', 'target', 'args'];
  const forgotten = keys.some((key) => dockerfileKeys.includes(key));
  const hint = forgotten
    ? 'is `dockerfile: Dockerfile` missing?'
    : 'a document has `configVersion` (the project), `dockerfile` or `image` (an image)';
  return problemAt(document, position, 'CONFIG_KIND', 'cannot tell the type of this document', hint);
}

/** Go templates are not rendered yet, and their actions are no YAML: better to say so than to guess. */
function templateActions({ text, file }: ParseRequest): readonly Problem[] {
  const lines = text.split('\n');
  const line = lines.findIndex((content) => content.includes('{{'));
  if (line < 0) return [];
  const column = (lines[line] ?? '').indexOf('{{') + 1;
  return [
    {
      code: 'CONFIG_TEMPLATE',
      message: 'Go templates are not supported yet: found a template action',
      position: { file, line: line + 1, column },
      excerpt: `${line + 1} | ${lines[line]}`,
      hint: 'write plain YAML for now',
    },
  ];
}

function inFileOrder(problems: readonly Problem[]): readonly Problem[] {
  const place = ({ position }: Problem) => (position?.line ?? 0) * 1e6 + (position?.column ?? 0);
  return [...problems].sort((a, b) => place(a) - place(b));
}

/** Fields that are known in a document of a kind, for spelling suggestions. */
export function knownKeys(kind: 'dockerfile' | 'stapel'): readonly string[] {
  return kind === 'stapel' ? STAPEL_KEYS : Object.keys(DockerfileDocument.shape);
}
