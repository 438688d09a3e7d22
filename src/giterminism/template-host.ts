import { UserError } from '../diagnostics/user-error.ts';
import type { TemplateHost } from '../templates/templates.ts';
import { permissionLines, permitsName } from './permissions.ts';
import type { ProjectFiles } from './project-files.ts';
import { NOT_ACCEPTED, permitHint } from './refusals.ts';

export interface TemplateHostParts {
  readonly files: ProjectFiles;
  /** Every variable may be read. */
  readonly loose: boolean;
  /** Names, or `/regular expressions/`, of variables that may be read. */
  readonly permittedVariables: () => Promise<readonly string[]>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What templates may see: files of the commit, and what permissions add to them. */
export function templateHost({ files, loose, permittedVariables, env }: TemplateHostParts): TemplateHost {
  const read = async (path: string) => (await files.read(path, 'templateFiles')).toString('utf8');
  return {
    async readFile(path) {
      try {
        return await read(path);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        const { code, hint } = error;
        throw new UserError(code, `{{ .Files.Get ${JSON.stringify(path)} }}: ${error.message}`, {
          cause: error,
          ...(hint === undefined ? {} : { hint }),
        });
      }
    },
    async glob(pattern) {
      const found = await files.list(literalParent(pattern), [pattern], 'templateFiles');
      return new Map(await Promise.all(found.map(async (path) => [path, await read(path)] as const)));
    },
    exists: (path) => files.has(path, 'templateFiles').catch(() => false),
    isDirectory: (path) => files.isDirectory(path, 'templateFiles').catch(() => false),
    async env(name, fallback) {
      if (!loose && !permitsName(await permittedVariables(), name)) throw variableRefused(name);
      const value = env[name];
      if (value !== undefined && (value !== '' || fallback === null)) return value;
      if (fallback !== null) return fallback;
      if (loose) return '';
      throw new UserError('TEMPLATE_ENV_UNSET', `the environment variable "${name}" is not set`, {
        hint: `set it, or give a default: {{ env ${JSON.stringify(name)} "default" }}`,
      });
    },
  };
}

function variableRefused(name: string): UserError {
  const lines = permissionLines(['config', 'goTemplateRendering', 'allowEnvVariables'], name);
  return new UserError(NOT_ACCEPTED, `env name "${name}" not allowed by giterminism`, {
    hint: permitHint(lines),
  });
}

/** The directory that all matches of a glob lie in: its parts before the first special character. */
function literalParent(pattern: string): string {
  const parts = pattern.replace(/^\.\//, '').split('/').slice(0, -1);
  const special = parts.findIndex((part) => /[*?[\]{}\\]/.test(part));
  return (special < 0 ? parts : parts.slice(0, special)).join('/');
}
