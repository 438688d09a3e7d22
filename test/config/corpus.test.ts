import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Problem } from '../../src/diagnostics/problem.ts';
import { UserError } from '../../src/diagnostics/user-error.ts';
import { painter } from '../../src/ui/painter.ts';
import { errorText, positionText } from '../../src/ui/problem-text.ts';
import { type Fixture, gitFixture } from '../git/git-fixture.ts';
import { realEngine } from '../helper/real-engine.ts';
import { type ReadProject, readProject } from './read-project.ts';

/**
 * Each case is one file: the files of a project, each below a line `-- path --`. What comes of it lies beside it as
 * `.out`: rendered text, warnings and project, or the complete error. `npx vitest run test/config/corpus -u` writes them anew.
 */
const CORPUS = join(import.meta.dirname, 'corpus');
const names = (kind: string) =>
  readdirSync(join(CORPUS, kind))
    .filter((name) => name.endsWith('.txt'))
    .map((name) => name.slice(0, -'.txt'.length));

const VALID = names('valid');
const INVALID = names('invalid');

let repository: Fixture;
beforeAll(async () => {
  repository = await gitFixture();
  for (const kind of ['valid', 'invalid']) {
    for (const name of names(kind)) {
      const files = Object.entries(filesOf(readFileSync(join(CORPUS, kind, `${name}.txt`), 'utf8')));
      await repository.write(
        Object.fromEntries(files.map(([path, text]) => [`${kind}/${name}/${path}`, text])),
      );
    }
  }
  await repository.commit('corpus');
});
afterAll(() => repository.remove());

function filesOf(archive: string): Record<string, string> {
  const parts = archive.split(/^-- (.+) --\n/m).slice(1);
  return Object.fromEntries(parts.flatMap((path, i) => (i % 2 === 0 ? [[path, parts[i + 1] ?? '']] : [])));
}

async function read(kind: string, name: string) {
  const { engine, runDirectory } = await realEngine();
  const env = { ALLOWED: 'from outside', EMPTY: '' };
  return await readProject({ engine, runDirectory, directory: join(repository.root, kind, name), env });
}

describe('configurations that are valid', () => {
  it('are many', () => expect(VALID.length + INVALID.length).toBeGreaterThanOrEqual(60));

  it.each(VALID)('%s', async (name) => {
    const { opened, events } = await read('valid', name);
    const warnings = events.flatMap((event) =>
      event.kind === 'warning' ? [warningText(event.problem)] : [],
    );
    const parts = [opened.text, ...(warnings.length > 0 ? [warnings.join('\n')] : []), shown(opened)];
    await expect(`${parts.join('\n======\n')}\n`).toMatchFileSnapshot(join(CORPUS, 'valid', `${name}.out`));
  });
});

describe('configurations that are wrong', () => {
  it.each(INVALID)('%s', async (name) => {
    const error: unknown = await read('invalid', name).catch((caught: unknown) => caught);
    if (!(error instanceof UserError)) throw new Error(`${name} gave no error for users`, { cause: error });
    const text = errorText(error, painter(false)).replaceAll(repository.root, '');
    await expect(text).toMatchFileSnapshot(join(CORPUS, 'invalid', `${name}.out`));
  });
});

function warningText({ message, position }: Problem): string {
  return position ? `${positionText(position)}: ${message}` : message;
}

/** Without positions, and without cleanup where nothing is said of it. */
function shown({ project, text }: ReadProject['opened']): string {
  const { cleanup, gitWorktree, ...rest } = project;
  const value = text.includes('cleanup:') ? project : rest;
  const skip = new Set(['position', 'fieldPositions', 'dockerfilePosition', 'targetPosition', 'unsupported']);
  return JSON.stringify(
    value,
    (key, inner: unknown) => {
      if (skip.has(key) || inner === null) return undefined;
      if (inner instanceof Map) return inner.size === 0 ? undefined : Object.fromEntries(inner);
      if (Array.isArray(inner) && inner.length === 0) return undefined;
      return inner;
    },
    2,
  );
}
