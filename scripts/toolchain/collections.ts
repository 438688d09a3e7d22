import { posix } from 'node:path';
import { parse } from 'yaml';
import { file, fileAt, type Tree } from './tree.ts';

const PACKAGES = 'embedded/lib/python3/dist-packages';
const COLLECTIONS = `${PACKAGES}/ansible_collections`;
const BUILTIN_ROUTES = `${PACKAGES}/ansible/config/ansible_builtin_runtime.yml`;

/** Kind of plugin, name, and what is told of it: where it went, above all. */
type Routing = Record<string, Record<string, { readonly redirect?: string }>>;

const textOf = (tree: Tree, path: string) => fileAt(tree, path)?.content.toString('utf8') ?? null;

function routingOf(tree: Tree, path: string): Routing {
  const text = textOf(tree, path);
  return (text === null ? null : (parse(text) as { plugin_routing?: Routing }).plugin_routing) ?? {};
}

/** Path of `community.general.acl`. */
function moduleFile(name: string): string {
  const [namespace, collection, ...rest] = name.split('.');
  return `${COLLECTIONS}/${namespace}/${collection}/plugins/modules/${rest.join('/')}.py`;
}

/**
 * Leaves of all collections the modules named, and what they import.
 * @param modules short names, as tasks use them
 * @returns the files changed
 * @throws Error naming modules that neither Ansible nor a collection has
 */
export function trimCollections(tree: Tree, modules: readonly string[]): readonly string[] {
  const builtin = routingOf(tree, BUILTIN_ROUTES);
  const kept = new Set([`${COLLECTIONS}/__init__.py`, `${COLLECTIONS}/ansible_release.py`]);
  const missing: string[] = [];
  for (const name of modules) {
    if (tree.has(`${PACKAGES}/ansible/modules/${name}.py`) || name === 'meta') continue;
    const full = builtin['modules']?.[name]?.redirect ?? '';
    if (tree.has(moduleFile(full))) keepWithImports(tree, moduleFile(full), kept);
    else missing.push(name);
  }
  if (missing.length > 0) throw new Error(`Ansible has no module ${missing.join(', ')}`);
  const collections = new Set(
    [...kept].flatMap((path) => /^.*ansible_collections\/\w+\/\w+(?=\/)/.exec(path)?.[0] ?? []),
  );
  for (const collection of collections) {
    kept.add(`${collection}/meta/runtime.yml`);
    kept.add(`${collection}/MANIFEST.json`);
  }
  for (const path of [...tree.keys()])
    if (path.startsWith(`${COLLECTIONS}/`) && !kept.has(path)) tree.delete(path);
  const routes = [BUILTIN_ROUTES, ...[...collections].map((one) => `${one}/meta/runtime.yml`)];
  for (const path of routes) keepRoutes(tree, path);
  return routes;
}

/** Only the routes to what is left: Ansible reads all of them at every start. */
function keepRoutes(tree: Tree, path: string): void {
  const text = textOf(tree, path);
  if (text === null) return;
  const content = parse(text) as { plugin_routing?: Routing };
  const plugin_routing: Routing = {};
  for (const [kind, routes] of Object.entries(content.plugin_routing ?? {})) {
    const left = Object.entries(routes).filter(
      ([, { redirect }]) => redirect !== undefined && tree.has(moduleFile(redirect)),
    );
    if (kind === 'modules' && left.length > 0) plugin_routing[kind] = Object.fromEntries(left);
  }
  tree.set(path, file(`${JSON.stringify({ ...content, plugin_routing }, null, 1)}\n`));
}

const IMPORT =
  /^[ \t]*from[ \t]+(ansible_collections\.[\w.]+|\.+[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]+)/gm;

function keepWithImports(tree: Tree, path: string, kept: Set<string>): void {
  if (kept.has(path)) return;
  kept.add(path);
  for (const [, from = '', names = ''] of (textOf(tree, path) ?? '').matchAll(IMPORT)) {
    const base = directoryOf(from, path);
    const parts = names.replace(/[()\\]/g, ' ').split(',');
    const candidates = [base, ...parts.map((part) => `${base}/${part.trim().split(/\s/)[0]}`)];
    for (const candidate of candidates) {
      for (const found of [`${candidate}.py`, `${candidate}/__init__.py`])
        if (tree.has(found)) keepWithImports(tree, found, kept);
    }
  }
  for (let parent = posix.dirname(path); parent.startsWith(`${COLLECTIONS}/`); parent = posix.dirname(parent))
    if (tree.has(`${parent}/__init__.py`)) kept.add(`${parent}/__init__.py`);
}

/** `ansible_collections.a.b` or `..x`, seen from a file, as a path without its extension. */
function directoryOf(from: string, path: string): string {
  const [, dots = '', rest = ''] = /^(\.*)(.*)$/.exec(from) ?? [];
  const tail = rest.replaceAll('.', '/');
  if (dots === '') return `${PACKAGES}/${tail}`;
  const up = posix.join(posix.dirname(path), ...Array<string>(dots.length - 1).fill('..'));
  return tail === '' ? up : `${up}/${tail}`;
}
