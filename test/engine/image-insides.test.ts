import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseImageConfiguration } from '../../src/oci/image-configuration.ts';
import { BASE, buildah, building, contextWith, never, patient } from './building.ts';

describe('what is inside of local images', () => {
  it('is their configuration and layers, whose tars are what the digests are of', async () => {
    const { builder, insides, runDirectory } = await buildah();
    const { facts } = await builder.build(building(`${BASE}ENV WHO=me\n`), patient());
    const text = await insides.configuration(facts.id, never);
    expect(`sha256:${createHash('sha256').update(text).digest('hex')}`).toBe(facts.id);
    const { diffIds, instructions } = parseImageConfiguration(text);
    expect(diffIds).toHaveLength(2);
    expect(instructions[1]).toContain('hello.txt');
    for (const [index, diffId] of diffIds.entries()) {
      const file = join(runDirectory, `${index}.tar`);
      await insides.exportLayer(facts.id, { index, file }, never);
      expect(
        `sha256:${createHash('sha256')
          .update(await readFile(file))
          .digest('hex')}`,
      ).toBe(diffId);
    }
    const beyond = insides.exportLayer(facts.id, { index: 2, file: join(runDirectory, 'x.tar') }, never);
    await expect(beyond).rejects.toThrow('has 2 layers, none of them number 2');
  });

  it('is compared file by file', async () => {
    const { builder, insides, runDirectory } = await buildah();
    const files = ['one.tar', 'two.tar'].map((name) => join(runDirectory, name)) as [string, string];
    for (const [at, text] of ['hello\n', 'other\n'].entries()) {
      const { facts } = await builder.build(building(BASE, { context: contextWith(text) }), patient());
      await insides.exportLayer(facts.id, { index: 1, file: files[at] ?? '' }, never);
    }
    const content = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
    expect(await insides.compareLayers(files, 20, never)).toEqual([
      { path: 'hello.txt', what: 'content', first: content('hello\n'), second: content('other\n') },
    ]);
    expect(await insides.compareLayers([files[0], files[0]], 20, never)).toEqual([]);
  });
});
