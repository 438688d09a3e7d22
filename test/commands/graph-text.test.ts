import { describe, expect, it } from 'vitest';
import { withNeeds } from '../../src/commands/config-graph.ts';
import { graphText, type ImageNode } from '../../src/commands/graph-text.ts';

const NODES: readonly ImageNode[] = [
  { name: 'app1', from: 'baseImage', imports: ['tools/build'], dependencies: ['db'] },
  { name: 'baseImage', from: null, imports: [], dependencies: [] },
  { name: 'tools/build', from: 'baseImage', imports: [], dependencies: [] },
  { name: 'db', from: null, imports: [], dependencies: [] },
  { name: '~', from: null, imports: [], dependencies: [] },
];

describe('the graph of images', () => {
  it('is a YAML list', () => {
    expect(graphText(NODES, 'yaml')).toBe(`- image: app1
  dependsOn:
    from: baseImage
    import:
    - tools/build
    dependencies:
    - db
- image: baseImage
- image: tools/build
  dependsOn:
    from: baseImage
- image: db
- image: "~"
`);
    expect(graphText([], 'yaml')).toBe('[]\n');
  });

  it('is drawn by Graphviz', () => {
    expect(graphText(NODES.slice(0, 2), 'dot')).toBe(`digraph images {
  "app1";
  "app1" -> "baseImage" [label="from"];
  "app1" -> "tools/build" [label="import"];
  "app1" -> "db" [label="dependencies"];
  "baseImage";
}
`);
  });

  it('is drawn by Mermaid', () => {
    expect(graphText(NODES.slice(1, 3), 'mermaid')).toBe(`flowchart TD
  image0["baseImage"]
  image1["tools/build"]
  image1 -->|from| image0
`);
  });

  it('holds what the named images need', () => {
    expect(withNeeds(NODES, ['tools/build']).map(({ name }) => name)).toEqual(['baseImage', 'tools/build']);
    expect(withNeeds(NODES, ['app1']).map(({ name }) => name)).toEqual([
      'app1',
      'baseImage',
      'tools/build',
      'db',
    ]);
  });
});
