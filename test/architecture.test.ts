import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

const VALUES = ['oci', 'diagnostics', 'progress', 'concurrency'] as const;
const PORTS = ['git', 'engine', 'registry', 'locks', 'templates', 'dockerfile'] as const;
const BELOW_COMMANDS = ['conveyor', 'cleanup', 'storage', 'stages', 'config', 'giterminism'] as const;

/** Room to the rooms it may import, top to bottom; nothing imports upward. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['cli'],
  cli: ['ui', 'commands', ...BELOW_COMMANDS, ...PORTS, 'helper', ...VALUES],
  ui: VALUES,
  commands: [...BELOW_COMMANDS, ...PORTS, ...VALUES],
  conveyor: ['storage', 'stages', 'config', 'giterminism', ...PORTS, ...VALUES],
  cleanup: ['storage', 'stages', 'config', 'git', ...VALUES],
  storage: ['stages', 'registry', 'engine', ...VALUES],
  stages: ['config', 'giterminism', 'git', 'dockerfile', ...VALUES],
  config: ['giterminism', 'git', 'templates', ...VALUES],
  giterminism: ['git', 'dockerfile', 'templates', ...VALUES],
  ...Object.fromEntries(PORTS.map((port) => [port, VALUES])),
  helper: VALUES,
  ...Object.fromEntries(VALUES.map((room) => [room, VALUES])),
};

/** The one file that knows adapters, and the one that touches the process. */
const ASSEMBLER = 'cli/assemble.ts';
const PROCESS = 'main.ts';
/** It ends the process group that it started, which nothing but the process can do. */
const ENDS_GROUPS = 'helper/engine-child.ts';
/** Its types are the vocabulary of the ports that the engine stands behind; at run time they do not need it. */
const PROTOCOL = 'helper/protocol.ts';

/** Room of `native/` to the rooms it may import, beside `protocol`, whose structs are plain values. */
const GO_ROOMS: Readonly<Record<string, readonly string[]>> = {
  '': ['wire', 'ops', 'store', 'isolation', 'host'],
  wire: [],
  ops: [
    'wire',
    'dockerfile',
    'recipe',
    'isolation',
    'layer',
    'registry',
    'store',
    'host',
    'template',
    'match',
  ],
  dockerfile: ['recipe', 'isolation', 'layer', 'match'],
  recipe: ['isolation', 'layer', 'store', 'match', 'ledger', 'host'],
  isolation: ['follow', 'ledger', 'host'],
  follow: ['ledger'],
  layer: ['store', 'ledger'],
  registry: ['store', 'layer'],
  store: ['host'],
  host: [],
  ledger: [],
  template: [],
  match: [],
};

interface Import {
  /** Relative to src/. */
  readonly from: string;
  readonly to: string;
  readonly typesOnly: boolean;
}

const IMPORT =
  /\b(import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

function filesBelow(directory: string, extension: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(extension))
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}

function importsOf(file: string, text: string): readonly Import[] {
  return [...text.matchAll(IMPORT)].flatMap(([, , type, stated, called]) => {
    const target = stated ?? called ?? '';
    if (!target.startsWith('.')) return [];
    return [{ from: file, to: normalize(join(dirname(file), target)), typesOnly: type !== undefined }];
  });
}

function roomOf(file: string): string {
  return file.split('/')[0] ?? '';
}

function isPrivate(file: string): boolean {
  return file.split('/').length > 2;
}

function isAdapter(file: string): boolean {
  return isPrivate(file) && PORTS.some((port) => port === roomOf(file));
}

/** Why an import is wrong; null when it is right. */
function wrong({ from, to, typesOnly }: Import): string | null {
  const [room, target] = [roomOf(from), roomOf(to)];
  // Text that is carried along, beside the file that does it.
  if (/\.py\?raw$/.test(to) && dirname(to).startsWith(dirname(from))) return null;
  const says = (reason: string) => `${from} imports ${to}: ${reason}`;
  if (!to.endsWith('.ts')) return says('imports carry their extension');
  if (room === target) {
    if (isAdapter(to) && dirname(from) !== dirname(to))
      return says('an adapter is known to assemble.ts alone');
    return null;
  }
  const allowed = ROOMS[room];
  if (!allowed) return says(`"${room}" is no room`);
  const isProtocolType = to === PROTOCOL && typesOnly && PORTS.some((port) => port === room);
  const isHelperOfAdapter = target === 'helper' && isAdapter(from);
  if (!allowed.includes(target) && !isProtocolType && !isHelperOfAdapter) {
    return says(`"${room}" may import ${allowed.join(', ')}`);
  }
  if (isPrivate(to) && from !== ASSEMBLER) return says("another room's subfolders are private");
  return null;
}

const sources = filesBelow(join(ROOT, 'src'), '.ts').map((file) => ({
  file,
  text: readFileSync(join(ROOT, 'src', file), 'utf8'),
}));

const ONLY_KILL = /import \{ kill \} from 'node:process'/;

describe('the rooms of src/', () => {
  it('import only downwards, and only what is not private', () => {
    const imports = sources.flatMap(({ file, text }) => importsOf(file, text));
    expect(imports.length).toBeGreaterThan(100);
    expect(imports.map(wrong).filter((reason) => reason !== null)).toEqual([]);
  });

  it('have no files that import each other in a circle', () => {
    const next = new Map(sources.map(({ file, text }) => [file, importsOf(file, text).map(({ to }) => to)]));
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, above: readonly string[]) => {
      if (above.includes(file)) circles.push([...above.slice(above.indexOf(file)), file].join(' -> '));
      if (done.has(file) || above.includes(file)) return;
      for (const target of next.get(file) ?? []) visit(target, [...above, file]);
      done.add(file);
    };
    for (const file of next.keys()) visit(file, []);
    expect(circles).toEqual([]);
  });

  it('are told apart from what is forbidden', () => {
    const types = { typesOnly: true };
    const code = { typesOnly: false };
    expect(wrong({ from: 'ui/display.ts', to: 'config/project.ts', ...types })).toContain('may import');
    expect(wrong({ from: 'oci/digest.ts', to: 'ui/display.ts', ...code })).toContain('may import');
    expect(wrong({ from: 'engine/engine.ts', to: PROTOCOL, ...code })).toContain('may import');
    expect(wrong({ from: 'engine/engine.ts', to: PROTOCOL, ...types })).toBeNull();
    expect(wrong({ from: 'engine/buildah/x.ts', to: 'helper/engine-client.ts', ...code })).toBeNull();
    expect(wrong({ from: 'engine/engine.ts', to: 'engine/buildah/x.ts', ...code })).toContain('alone');
    expect(wrong({ from: 'cli/run.ts', to: 'engine/buildah/x.ts', ...code })).toContain('private');
    expect(wrong({ from: ASSEMBLER, to: 'engine/buildah/x.ts', ...code })).toBeNull();
    expect(wrong({ from: 'cli/run.ts', to: 'ui/display', ...code })).toContain('extension');
  });

  it('finds imports in every form', () => {
    const text = `import a from './a.ts';\nimport type { B } from '../b/b.ts';\nimport {\n  c,\n} from './c.ts';
      const d = await import('./d.ts'); export { e } from './e.ts'; import './f.ts'; import { z } from 'zod';`;
    expect(importsOf('room/file.ts', text).map(({ to, typesOnly }) => `${to} ${typesOnly}`)).toEqual([
      'room/a.ts false',
      'b/b.ts true',
      'room/c.ts false',
      'room/d.ts false',
      'room/e.ts false',
      'room/f.ts false',
    ]);
  });

  it('leave the process to main.ts', () => {
    const touching = sources
      .filter(({ file, text }) => file !== PROCESS && !(file === ENDS_GROUPS && ONLY_KILL.test(text)))
      .filter(({ text }) => /(?<![-./\w])process\.\w|from 'node:process'/.test(withoutComments(text)));
    expect(touching.map(({ file }) => file)).toEqual([]);
  });
});

describe('the files of src/', () => {
  it('are named in kebab-case, and for what they hold', () => {
    const vague = /^(?:index|utils?|helpers?|common|misc|shared)\.ts$/;
    const bad = sources.filter(({ file }) => vague.test(basename(file)) || !/^[a-z0-9/-]+\.ts$/.test(file));
    expect(bad.map(({ file }) => file)).toEqual([]);
  });

  it('export by name, and nothing that they do not define', () => {
    const bad = sources.filter(({ text }) =>
      /\bexport\s+default\b|\bexport\s+(?:type\s+)?(?:\*|\{[^}]*\})\s*(?:as\s+\w+\s+)?from\b/.test(
        withoutComments(text),
      ),
    );
    expect(bad.map(({ file }) => file)).toEqual([]);
  });

  it('are short', () => {
    const lengths = sources.map(({ file, text }) => ({ file, lines: text.split('\n').length - 1 }));
    expect(lengths.filter(({ lines }) => lines > 400)).toEqual([]);
    const median = lengths.map(({ lines }) => lines).sort((a, b) => a - b)[Math.floor(lengths.length / 2)];
    expect(median).toBeLessThan(90);
  });
});

describe('the rooms of native/', () => {
  const module = /^module (\S+)/m.exec(readFileSync(join(ROOT, 'native', 'go.mod'), 'utf8'))?.[1] ?? '';
  const goFiles = filesBelow(join(ROOT, 'native'), '.go');

  it('import only downwards, and only what is not private', () => {
    const reasons = goFiles.flatMap((file) =>
      goImports(readFileSync(join(ROOT, 'native', file), 'utf8'), module).flatMap((target) =>
        goWrong(file, target),
      ),
    );
    expect(module).not.toBe('');
    expect(reasons).toEqual([]);
  });

  it('have short files without package-level set-up', () => {
    const texts = goFiles.map((file) => ({ file, text: readFileSync(join(ROOT, 'native', file), 'utf8') }));
    const written = texts.filter(({ text }) => !/^\/\/ Code generated .* DO NOT EDIT\.$/m.test(text));
    expect(written.filter(({ text }) => text.split('\n').length > 401).map(({ file }) => file)).toEqual([]);
    expect(written.filter(({ text }) => /^func init\(\)/m.test(text)).map(({ file }) => file)).toEqual([]);
  });

  it('have no files that import each other in a circle', () => {
    const next = new Map(sources.map(({ file, text }) => [file, importsOf(file, text).map(({ to }) => to)]));
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, above: readonly string[]) => {
      if (above.includes(file)) circles.push([...above.slice(above.indexOf(file)), file].join(' -> '));
      if (done.has(file) || above.includes(file)) return;
      for (const target of next.get(file) ?? []) visit(target, [...above, file]);
      done.add(file);
    };
    for (const file of next.keys()) visit(file, []);
    expect(circles).toEqual([]);
  });

  it('are told apart from what is forbidden', () => {
    expect(goImports(`import (\n\t"fmt"\n\tw "${module}/internal/wire"\n)\n`, module)).toEqual(['wire']);
    expect(goWrong('internal/host/a.go', 'store')).toHaveLength(1);
    expect(goWrong('internal/ops/a.go', 'isolation/chroot')).toHaveLength(1);
    expect(goWrong('internal/isolation/isolation.go', 'isolation/chroot')).toHaveLength(0);
    expect(goWrong('main.go', 'ops')).toHaveLength(0);
  });
});

/** Folders below internal/ that a Go file imports. */
function goImports(text: string, module: string): readonly string[] {
  const head = text.slice(0, text.search(/^(?:func|type|var|const) /m) >>> 0);
  return [...head.matchAll(/"([^"\n]+)"/g)]
    .map(([, path = '']) => path)
    .filter((path) => path.startsWith(`${module}/internal/`))
    .map((path) => path.slice(`${module}/internal/`.length));
}

function goWrong(file: string, target: string): readonly string[] {
  const [top, room = ''] = file.split('/');
  // Tests of the whole engine stand where its operations do.
  const own = top === 'internal' ? room : file.endsWith('_test.go') ? 'ops' : '';
  const [targetRoom = '', ...below] = target.split('/');
  if (own === targetRoom || targetRoom === 'protocol') return [];
  const allowed = GO_ROOMS[own];
  if (!allowed) return [`${file}: "${own}" is no room`];
  if (!allowed.includes(targetRoom))
    return [`${file} imports ${target}: "${own}" may import ${allowed.join(', ')}`];
  return below.length > 0 ? [`${file} imports ${target}: another room's subfolders are private`] : [];
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, '$1');
}
