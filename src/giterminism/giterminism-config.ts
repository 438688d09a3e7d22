import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { GiterminismConfig } from './giterminism-schema.ts';
import type { Permissions } from './permissions.ts';

/** @param file as the user knows it @throws UserError with every problem of the file */
export async function parseGiterminismConfig(text: string, file: string): Promise<Permissions> {
  const [{ LineCounter, parseDocument, isNode }, { GiterminismConfig: Schema }, { unknownFields }] =
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
  const parsed = Schema.safeParse(document.toJS() ?? {}, { jitless: true });
  if (parsed.success) return permissionsOf(parsed.data);
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

function permissionsOf({ config = {}, includes }: GiterminismConfig): Permissions {
  const { goTemplateRendering: templates, secrets, stapel, dockerfile } = config;
  return {
    uncommitted: {
      config: config.allowUncommitted ? ['**'] : [],
      templates: config.allowUncommittedTemplates ?? [],
      templateFiles: templates?.allowUncommittedFiles ?? [],
      dockerfiles: dockerfile?.allowUncommitted ?? [],
      dockerignoreFiles: dockerfile?.allowUncommittedDockerignoreFiles ?? [],
    },
    templateVariables: templates?.allowEnvVariables ?? [],
    secrets: {
      variables: secrets?.allowEnvVariables ?? [],
      files: secrets?.allowFiles ?? [],
      valueIds: secrets?.allowValueIds ?? [],
    },
    fromLatest: stapel?.allowFromLatest ?? false,
    gitBranch: stapel?.git?.allowBranch ?? false,
    mountBuildDirectory: stapel?.mount?.allowBuildDir ?? false,
    mountPaths: stapel?.mount?.allowFromPaths ?? [],
    contextAddFiles: (dockerfile?.allowContextAddFiles ?? []).map(withoutSlash),
    includesUpdate: includes?.allowIncludesUpdate ?? false,
  };
}

/** `dir/` permits what `dir` does. */
function withoutSlash(glob: string): string {
  return glob.replace(/(?<=.)\/+$/, '');
}

function invalid(problems: readonly Problem[]): UserError {
  return new UserError('GITERMINISM_CONFIG', 'the giterminism config validation failed', { problems });
}
