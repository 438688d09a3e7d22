import { describe, expect, it } from 'vitest';
import { renderedDocuments } from '../../src/config/rendered-documents.ts';

describe('the documents of a rendered configuration', () => {
  it('are kept as they are, with the names of their images', () => {
    const text =
      '# c\n---\nproject: p\nconfigVersion: 1\n---\nimage: app # x\n---\nimage: [web, 1, ~]\n---\nartifact: old\n';
    expect(renderedDocuments(text)).toEqual([
      { text: 'project: p\nconfigVersion: 1', images: [] },
      { text: 'image: app # x', images: ['app'] },
      { text: 'image: [web, 1, ~]', images: ['web', '1', ''] },
      { text: 'artifact: old\n', images: ['old'] },
    ]);
  });

  it('describe the nameless image where they name none', () => {
    expect(renderedDocuments('dockerfile: Dockerfile\n')).toEqual([
      { text: 'dockerfile: Dockerfile\n', images: [''] },
    ]);
  });
});
