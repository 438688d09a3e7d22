import { posix } from 'node:path';
import type { Problem } from '../diagnostics/problem.ts';
import type { UserError } from '../diagnostics/user-error.ts';
import type { Commit } from '../git/objects.ts';
import type { ProjectFiles } from '../giterminism/project-files.ts';
import type {
  TemplateHost,
  TemplateProblem,
  TemplateRenderer,
  TemplateWarning,
} from '../templates/templates.ts';
import type { SourceLines } from './reading/source-positions.ts';

export interface RenderParts {
  readonly files: ProjectFiles;
  readonly host: TemplateHost;
  readonly renderer: TemplateRenderer;
  /** Relative to the project directory. */
  readonly templatesDirectory: string;
  /** `.Env` */
  readonly environment: string;
  readonly commit: Commit;
  /** Lets debug functions speak, to whoever this is. */
  readonly debug: ((text: string) => void) | null;
  readonly signal: AbortSignal;
}

export type RenderOutcome =
  | {
      readonly ok: true;
      readonly text: string;
      /** null: the text is that of the file. */
      readonly lines: readonly SourceLines[] | null;
      readonly warnings: readonly Problem[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Renders the configuration with all template files. A text without actions needs no engine. */
export async function renderConfig(text: string, file: string, parts: RenderParts): Promise<RenderOutcome> {
  if (!text.includes('{{')) return { ok: true, text, lines: null, warnings: [] };
  const { renderer, templatesDirectory, environment, commit, debug, signal } = parts;
  const templates = await templateFiles(parts);
  const texts = new Map([...templates, [file, text] as const]);
  const request = {
    files: [...texts].map(([name, content]) => ({ name, text: content })),
    main: file,
    env: environment,
    commitHash: commit.id,
    commitUnix: String(commit.committedAt),
    commitHuman: humanDate(commit),
    debug: debug !== null,
  };
  const waiting = { signal, onDebug: debug ?? (() => undefined) };
  const rendered = await renderer.render(request, parts.host, waiting);
  const pathOf = (name: string) => (name === file ? file : posix.join(templatesDirectory, name));
  if (rendered.problems.length > 0) {
    const told = rendered.problems.map((problem) =>
      problemOf(problem, {
        path: pathOf(problem.file),
        text: texts.get(problem.file) ?? '',
        refusal: rendered.refusal,
      }),
    );
    return { ok: false, problems: told };
  }
  return {
    ok: true,
    text: rendered.text,
    lines: rendered.lines.map((lines) => ({ ...lines, file: pathOf(lines.file) })),
    warnings: rendered.warnings.map((warning) => warningOf(warning, pathOf(warning.file))),
  };
}

/** Names relative to the folder and texts, sorted by name. */
async function templateFiles({
  files,
  templatesDirectory,
}: RenderParts): Promise<readonly (readonly [string, string])[]> {
  const directory = posix.normalize(templatesDirectory).replace(/\/$/, '');
  if (!(await files.isDirectory(directory, 'templates')) && !(await files.onDisk(directory))) return [];
  const paths = await files.list(directory, [`${directory}/**/*.tmpl`], 'templates');
  return await Promise.all(
    paths.map(async (path) => {
      const content = await files.read(path, 'templates');
      return [posix.relative(directory, path), content.toString('utf8')] as const;
    }),
  );
}

interface Place {
  readonly path: string;
  readonly text: string;
  readonly refusal: UserError | null;
}

function problemOf({ message, line, column }: TemplateProblem, { path, text, refusal }: Place): Problem {
  const shown = text.split('\n')[line - 1];
  const hint = refusal?.hint;
  return {
    code: refusal?.code ?? 'CONFIG_TEMPLATE',
    message,
    position: { file: path, line, column },
    ...(shown === undefined ? {} : { excerpt: excerpt(line, column, shown) }),
    ...(hint === undefined ? {} : { hint }),
  };
}

function excerpt(line: number, column: number, shown: string): string {
  const number = String(line);
  const pointer = column > 0 ? `\n${' '.repeat(number.length)} | ${' '.repeat(column - 1)}^` : '';
  return `${number} | ${shown}${pointer}`;
}

function warningOf({ code, subject, line }: TemplateWarning, path: string): Problem {
  const position = { file: path, line, column: 1 };
  if (code === 'TEMPLATE_COMMIT') {
    const message = `\`${subject}\` is another text for every commit: a field that it gets into makes its image be built again each time`;
    return { code, message, position };
  }
  const message = `\`${subject}\` gives another value each time: the same commit will not always give the same images`;
  return { code, message, position };
}

/** `2006-01-02 15:04:05 -0700 -0700`, as Go prints a time whose zone has no name. */
export function humanDate({ committedAt, zoneMinutes }: Commit): string {
  const local = new Date((committedAt + zoneMinutes * 60) * 1000).toISOString();
  const sign = zoneMinutes < 0 ? '-' : '+';
  const minutes = Math.abs(zoneMinutes);
  const two = (number: number) => String(number).padStart(2, '0');
  const zone = `${sign}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`;
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${zone} ${zone}`;
}
