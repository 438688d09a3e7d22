import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import type { Secret } from '../config/image-inputs.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';

/** Bytes; larger is no secret but a file of the context. */
const LARGEST = 500 * 1024;

export interface SecretsReadFrom {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly projectDirectory: string;
  /** Absolute; what `~` stands for. */
  readonly homeDirectory: string;
}

/**
 * Reads the secrets of an image when it is built.
 * @returns contents by id
 * @throws UserError SECRET_MISSING with every variable that is not set and every file that cannot be read
 */
export async function readSecrets(
  secrets: readonly Secret[],
  from: SecretsReadFrom,
): Promise<ReadonlyMap<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  const problems: Problem[] = [];
  for (const secret of secrets) {
    const content = await contentOf(secret, from);
    if (typeof content === 'string') {
      const message = `secret "${secret.id}": ${content}`;
      problems.push({ code: 'SECRET_MISSING', message, position: secret.position });
    } else contents.set(secret.id, content);
  }
  if (problems.length === 0) return contents;
  throw new UserError('SECRET_MISSING', 'secrets of the image cannot be read', { problems });
}

/** @returns why there is none, as text */
async function contentOf({ source }: Secret, from: SecretsReadFrom): Promise<Buffer | string> {
  switch (source.kind) {
    case 'value':
      return Buffer.from(source.text);
    case 'env': {
      const value = from.env[source.name];
      return value === undefined ? `the variable ${source.name} is not set` : Buffer.from(value);
    }
    case 'file':
      return await fileContent(pathOf(source.path, from));
  }
}

function pathOf(path: string, { projectDirectory, homeDirectory }: SecretsReadFrom): string {
  if (path === '~' || path.startsWith('~/')) return posix.join(homeDirectory, path.slice(1));
  return posix.resolve(projectDirectory, path);
}

async function fileContent(path: string): Promise<Buffer | string> {
  try {
    const content = await readFile(path);
    if (content.length <= LARGEST) return content;
    return `the file ${path} has ${content.length} bytes, and a secret at most ${LARGEST}`;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === 'ENOENT'
      ? `there is no file ${path}`
      : `the file ${path} cannot be read (${code ?? String(error)})`;
  }
}
