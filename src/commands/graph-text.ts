/** An image and the images that it names, by the names that people read. */
export interface ImageNode {
  readonly name: string;
  /** The image it starts from; null: none of this configuration. */
  readonly from: string | null;
  readonly imports: readonly string[];
  readonly dependencies: readonly string[];
}

export const GRAPH_FORMATS = ['yaml', 'dot', 'mermaid'] as const;
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

/** @returns the graph in a form that ends with a newline; in file order */
export function graphText(nodes: readonly ImageNode[], format: GraphFormat): string {
  if (format === 'dot') return dotText(nodes);
  return format === 'mermaid' ? mermaidText(nodes) : yamlText(nodes);
}

/** A list of `image` and, where there is something, `dependsOn`. */
function yamlText(nodes: readonly ImageNode[]): string {
  if (nodes.length === 0) return '[]\n';
  const lines = nodes.flatMap(({ name, from, imports, dependencies }) => {
    const below = [
      ...(from === null ? [] : [`    from: ${yamlScalar(from)}`]),
      ...yamlList('import', imports),
      ...yamlList('dependencies', dependencies),
    ];
    return [`- image: ${yamlScalar(name)}`, ...(below.length > 0 ? ['  dependsOn:', ...below] : [])];
  });
  return `${lines.join('\n')}\n`;
}

function yamlList(key: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  return [`    ${key}:`, ...names.map((name) => `    - ${yamlScalar(name)}`)];
}

/** Plain where no reader of YAML can take it for something else. */
function yamlScalar(text: string): string {
  const isPlain =
    /^[A-Za-z][A-Za-z0-9_./-]*$/.test(text) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly label: string;
}

function edgesOf({ name, from, imports, dependencies }: ImageNode): readonly Edge[] {
  const edge = (label: string) => (to: string) => ({ from: name, to, label });
  return [
    ...(from === null ? [] : [edge('from')(from)]),
    ...imports.map(edge('import')),
    ...dependencies.map(edge('dependencies')),
  ];
}

function dotText(nodes: readonly ImageNode[]): string {
  const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
  const lines = nodes.flatMap((node) => [
    `  ${quoted(node.name)};`,
    ...edgesOf(node).map(
      ({ from, to, label }) => `  ${quoted(from)} -> ${quoted(to)} [label=${quoted(label)}];`,
    ),
  ]);
  return `digraph images {\n${lines.map((line) => `${line}\n`).join('')}}\n`;
}

/** Nodes get numbers: names may hold what Mermaid reads as its own. */
function mermaidText(nodes: readonly ImageNode[]): string {
  const ids = new Map(nodes.map(({ name }, index) => [name, `image${index}`]));
  const lines = [
    ...nodes.map(({ name }) => `  ${ids.get(name)}["${name.replaceAll('"', '#quot;')}"]`),
    ...nodes.flatMap(edgesOf).map(({ from, to, label }) => `  ${ids.get(from)} -->|${label}| ${ids.get(to)}`),
  ];
  return `flowchart TD\n${lines.map((line) => `${line}\n`).join('')}`;
}
