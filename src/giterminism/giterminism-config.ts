import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';

/** What `werf-giterminism.yaml` permits. Everything that is not there is refused. */
export interface Permissions {
  /** Globs, relative to the project directory: context and path. */
  readonly contextAddFiles: readonly string[];
}

export const NOTHING_PERMITTED: Permissions = { contextAddFiles: [] };

/** @param file as the user knows it @throws UserError with every problem of the file */
export async function parseGiterminismConfig(text: string, file: string): Promise<Permissions> {
  const [{ LineCounter, parseDocument, isNode }, { GiterminismConfig }, { unknownFields }] =
    await Promise.all([import('yaml'), import('./giterminism-schema.ts'), import('./unknown-fields.ts')]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const syntax = document.errors.map(
    ({ message, pos }): Problem => ({ code: 'GITERMINISM_CONFIG', message, position: at(pos[0]) }),
  );
  if (syntax.length > 0) throw invalid(syntax);
  const parsed = GiterminismConfig.safeParse(document.toJS() ?? {});
  if (parsed.success) return { contextAddFiles: parsed.data.config?.dockerfile?.allowContextAddFiles ?? [] };
  const offsetOf = (path: readonly PropertyKey[]): number => {
    for (let depth = path.length; depth > 0; depth--) {
      const node = document.getIn(path.slice(0, depth), true);
      if (isNode(node) && node.range) return node.range[0];
    }
    return 0;
  };
  throw invalid(
    parsed.error.issues.map(
      (issue): Problem => ({
        code: 'GITERMINISM_CONFIG',
        position: at(offsetOf(issue.path)),
        ...(issue.code === 'unrecognized_keys'
          ? unknownFields(issue.keys, issue.path)
          : { message: `${issue.path.join('.')}: ${issue.message}` }),
      }),
    ),
  );
}

function invalid(problems: readonly Problem[]): UserError {
  return new UserError('GITERMINISM_CONFIG', 'the giterminism config validation failed', { problems });
}
