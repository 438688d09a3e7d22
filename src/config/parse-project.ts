import type { Problem } from '../diagnostics/problem.ts';
import type { Platform } from '../oci/platform.ts';
import { crossChecks } from './checks/cross-checks.ts';
import type { ImageDocument } from './checks/image-document.ts';
import type { ImageConfig, Project } from './project.ts';
import { describeFinding } from './reading/describe-finding.ts';
import { type DocumentKind, documentKind, namesIn } from './reading/document-kind.ts';
import { type Finding, type Findings, finding, noFindings } from './reading/finding.ts';
import type { ImageReading } from './reading/image-reading.ts';
import { NO_DEFAULTS, type ProjectDefaults } from './reading/project-defaults.ts';
import type { ReadMeta } from './reading/read-meta.ts';
import { type SourceLines, type SourcePositions, sourcePositions } from './reading/source-positions.ts';
import { type ConfigDocument, readDocuments } from './yaml/config-document.ts';

export interface ParseRequest {
  /** The rendered configuration. */
  readonly text: string;
  /** The configuration's file, as the user knows it. */
  readonly file: string;
  /** Where the rendered text can be read; shown beside excerpts. */
  readonly renderedFile: string;
  /** Which rendered lines came unchanged from which file; null: the file has no templates. */
  readonly lines: readonly SourceLines[] | null;
  /** Replaces the project's name; null: not given. */
  readonly projectName: string | null;
  /** A name to propose where the file has none. */
  readonly suggestedName: string;
  readonly platforms: PlatformChoice;
}

/** What is known of platforms outside the file. */
export interface PlatformChoice {
  /** That of images which name none; null: not known. */
  readonly host: Platform | null;
  /** The user asks for platforms, which then beat those of the file. */
  readonly areChosen: boolean;
}

export type ParseOutcome =
  | { readonly ok: true; readonly project: Project; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads a whole configuration. All problems of all documents are found at once. Pure. */
export async function parseProject(request: ParseRequest): Promise<ParseOutcome> {
  const documents = readDocuments(request.text);
  const findings = noFindings();
  const positions = sourcePositions(request.file, request.renderedFile, request.lines);
  const described = (found: readonly Finding[]) =>
    [...found].sort(inFileOrder).map((each) => describeFinding(each, positions));

  const sorted = byKind(documents, findings);
  const meta = await readOnlyMeta(sorted, positions, findings, request);
  const names = new Set(documents.flatMap(namesIn));
  const images = await readImages(sorted, { positions, findings, names, defaults: meta?.defaults });
  findings.problems.push(...crossChecks(images, { names, platforms: request.platforms }));
  if (findings.problems.length > 0 || !meta) return { ok: false, problems: described(findings.problems) };
  const { name, cleanup, gitWorktree } = meta;
  const project = {
    name: request.projectName ?? name,
    images: images.map(({ image }) => image),
    cleanup,
    gitWorktree,
  };
  return { ok: true, project, warnings: described(findings.warnings) };
}

interface KnownDocument {
  readonly kind: DocumentKind;
  readonly document: ConfigDocument;
}

/** The documents that can be read, with their kinds. */
function byKind(documents: readonly ConfigDocument[], { problems }: Findings): readonly KnownDocument[] {
  return documents.flatMap((document) => {
    for (const { message, place } of document.problems) {
      problems.push({
        code: 'CONFIG_YAML',
        message: `invalid YAML: ${message}`,
        document,
        place,
        sections: [],
      });
    }
    if (document.problems.length > 0) return [];
    const kind = documentKind(document);
    if (typeof kind === 'string') return [{ kind, document }];
    problems.push(kind);
    return [];
  });
}

async function readOnlyMeta(
  documents: readonly KnownDocument[],
  positions: SourcePositions,
  findings: Findings,
  request: ParseRequest,
): Promise<ReadMeta | null> {
  const [first, ...more] = documents.filter(({ kind }) => kind === 'meta').map(({ document }) => document);
  for (const document of more) {
    const message = 'a second document with `configVersion`: one file has one';
    findings.problems.push(
      finding(document, ['configVersion'], 'CONFIG_META_TWICE', message, { atKey: true }),
    );
  }
  const { badProjectName } = await import('./schema/meta-section.ts');
  const why = request.projectName === null ? null : badProjectName(request.projectName);
  if (why !== null) findings.problems.push(outsideFile('CONFIG_PROJECT_NAME', `WERF_PROJECT_NAME: ${why}`));
  if (first) {
    const { readMeta } = await import('./reading/read-meta.ts');
    return readMeta(first, positions, findings);
  }
  // What cannot be read may be the document that is looked for.
  if (findings.problems.some(({ code }) => code === 'CONFIG_YAML')) return null;
  findings.problems.push(
    outsideFile('CONFIG_META_MISSING', 'the file has no document with `configVersion` and `project`', {
      hint: `begin the file with:\n\nproject: ${request.suggestedName}\nconfigVersion: 1\n---`,
    }),
  );
  return null;
}

/** A problem of the file as a whole. */
function outsideFile(code: string, message: string, details: { readonly hint?: string } = {}): Finding {
  const [document] = readDocuments('{}');
  if (!document) throw new TypeError('an empty mapping is a document');
  return { ...finding(document, [], code, message, details), ofWholeFile: true };
}

async function readImages(
  documents: readonly KnownDocument[],
  common: Omit<ImageReading, 'document' | 'defaults'> & { readonly defaults: ProjectDefaults | undefined },
): Promise<readonly ImageDocument[]> {
  const defaults = common.defaults ?? NO_DEFAULTS;
  const images: ImageDocument[] = [];
  for (const { kind, document } of documents) {
    if (kind === 'meta') continue;
    const image = await readImage(kind, { ...common, defaults, document });
    if (image) images.push({ image, document });
  }
  return images;
}

/** Schemas are made for the kinds of documents that the file has. */
async function readImage(kind: 'dockerfile' | 'stapel', reading: ImageReading): Promise<ImageConfig | null> {
  if (kind === 'dockerfile') {
    const { readDockerfileImage } = await import('./reading/read-dockerfile-image.ts');
    return readDockerfileImage(reading);
  }
  const { readStapelImage } = await import('./reading/read-stapel-image.ts');
  return readStapelImage(reading);
}

function inFileOrder(a: Finding, b: Finding): number {
  return a.place.line - b.place.line || a.place.column - b.place.column;
}
