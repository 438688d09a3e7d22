import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProject } from '../../src/config/parse-project.ts';
import { nativeTemplates } from '../../src/templates/native/native-templates.ts';
import type { TemplateHost } from '../../src/templates/templates.ts';
import { realEngine } from '../helper/real-engine.ts';

/** FUZZ_RUNS and FUZZ_SEED widen the search. */
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 300);
const seed = Number(process.env['FUZZ_SEED'] ?? 20261124);
/** Longer than this for one text is a hang; milliseconds. */
const PATIENCE = 2_000;

const CORPUS = join(import.meta.dirname, 'corpus');
const texts = ['valid', 'invalid'].flatMap((kind) =>
  readdirSync(join(CORPUS, kind))
    .filter((name) => name.endsWith('.txt'))
    .map((name) => readFileSync(join(CORPUS, kind, name), 'utf8').replace(/^-- .* --\n/gm, '')),
);
const words = [...new Set(texts.flatMap((text) => text.match(/[\w$./-]+|[^\w\s]/g) ?? []))];

/** Texts of the corpus with pieces taken out, put in, doubled and exchanged. */
const changed = fc
  .tuple(
    fc.constantFrom(...texts),
    fc.array(
      fc.tuple(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 40 }),
        fc.oneof(
          fc.constantFrom(...words),
          fc.constantFrom(
            '\n',
            '  ',
            '\t',
            '---\n',
            ': ',
            '- ',
            '{',
            '}',
            '[',
            ']',
            '&a ',
            '*a',
            '<<: *a\n',
            '!!binary ',
            '? ',
            '|',
            '>-',
            '~',
            '\0',
            '\u2028',
            '"',
          ),
          fc.string({ unit: 'binary', maxLength: 20 }),
        ),
      ),
      { minLength: 1, maxLength: 6 },
    ),
  )
  .map(([text, edits]) =>
    edits.reduce((before, [where, cut, put]) => {
      const at = Math.floor(where * before.length);
      // Files are read as UTF-8, which has no half characters.
      return Buffer.from(`${before.slice(0, at)}${put}${before.slice(at + cut)}`).toString('utf8');
    }, text),
  );

async function within<T>(work: Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work;
  expect(performance.now() - start).toBeLessThan(PATIENCE);
  return result;
}

describe('whatever a configuration looks like', { timeout: 600_000 }, () => {
  it('it gives a project or problems, each with a place', async () => {
    let valid = 0;
    await fc.assert(
      fc.asyncProperty(changed, async (text) => {
        const outcome = await within(
          parseProject({
            text,
            file: 'werf.yaml',
            renderedFile: 'werf.yaml',
            lines: null,
            projectName: null,
            suggestedName: 'name',
            platforms: { host: null, areChosen: false },
          }),
        );
        if (outcome.ok) {
          valid++;
          expect(outcome.project.name).not.toBe('');
        } else {
          expect(outcome.problems.length).toBeGreaterThan(0);
          for (const { message, position } of outcome.problems) {
            expect(message).not.toBe('');
            expect(position?.line).toBeGreaterThan(0);
            expect(position?.column).toBeGreaterThan(0);
          }
        }
      }),
      { numRuns: numRuns * 5, seed },
    );
    // Both outcomes must have been tried.
    expect(valid).toBeGreaterThan(0);
  });

  it('its templates give a text or problems', async () => {
    const { engine } = await realEngine();
    const templates = nativeTemplates(engine);
    const host: TemplateHost = {
      readFile: async (path) => `text of ${path}`,
      glob: async (pattern) => new Map([[pattern, 'x']]),
      exists: async () => true,
      isDirectory: async () => false,
      env: async (name) => name,
    };
    const waiting = { signal: new AbortController().signal, onDebug: () => undefined };
    const facts = { env: 'e', commitHash: 'c', commitUnix: '1', commitHuman: 'then', debug: false };
    const action = fc
      .array(
        fc.oneof(
          fc.constantFrom(
            '.',
            '$',
            '|',
            '(',
            ')',
            '"a"',
            '1',
            '-1',
            'nil',
            'true',
            '.Env',
            '.Files.Get "a"',
            '.Files.Glob "*"',
            '.Commit.Hash',
            'if',
            'else',
            'end',
            'range',
            'with',
            'define "x"',
            'template "x" .',
            'include "x" .',
            'tpl "{{ . }}" .',
            'block "y" .',
            'env "A"',
            'required "m"',
            'fromYaml "a: [b]"',
            'toYaml',
            'index',
            'printf "%s"',
            'list',
            'dict',
            'until 5',
            'repeat 3',
            'indent 2',
            'first',
            'fail "x"',
            '$a := 1',
            '$a',
            '- ',
            'break',
            'continue',
            'len',
            'regexMatch "(" "a"',
            'toJson',
            'now',
            'slice',
            'splitList ","',
            'default',
            'ternary',
            'merge',
            'deepCopy',
            'get',
            'mustFirst',
            'substr 5 1',
            'trunc -1',
            'seq 3',
            'b64dec "!"',
            'div 1 0',
            'mod 1 0',
          ),
          fc.string({ maxLength: 6 }),
        ),
        { maxLength: 6 },
      )
      .map((parts) => `{{ ${parts.join(' ')} }}`);
    const template = fc.oneof(
      changed,
      fc
        .array(fc.oneof(action, fc.constantFrom('text\n', 'a: b\n', '\n')), { maxLength: 8 })
        .map((parts) => parts.join('')),
    );
    await fc.assert(
      fc.asyncProperty(template, template, async (main, other) => {
        const files = [
          { name: 'a.tmpl', text: other },
          { name: 'main', text: main },
        ];
        const rendered = await within(templates.render({ ...facts, files, main: 'main' }, host, waiting));
        if (rendered.problems.length > 0) {
          expect(rendered.text).toBe('');
          for (const { message } of rendered.problems) expect(message).not.toBe('');
        }
        const lines = rendered.text.split('\n');
        for (const { first, count, file, line } of rendered.lines) {
          const source = (file === 'main' ? main : other).split('\n');
          expect(lines.slice(first - 1, first - 1 + count)).toEqual(source.slice(line - 1, line - 1 + count));
        }
      }),
      { numRuns, seed },
    );
  });
});
