import { describe, expect, it } from 'vitest';
import { parsePlatform } from '../../src/oci/platform.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { pagingFront } from '../registry/paging-front.ts';
import { MANIFEST, putImage } from '../registry/put-image.ts';
import { registryProcess } from '../registry/registry-process.ts';

const never = new AbortController().signal;
const all = { prefix: '', refresh: false };

/** What every implementation of the port must do, tried against a real registry. */
export function registryContract(name: string, open: () => Promise<Registry>): void {
  describe(`registries by ${name}`, () => {
    it('list the tags of a repository, sorted and by prefix', async () => {
      const { host } = await registryProcess();
      const registry = await open();
      await putImage({ host, repository: 'some/app', tags: ['b-2', 'b-10', 'a-1'], labels: {} });
      const repository = `${host}/some/app`;
      expect(await registry.tags(repository, all, never)).toEqual(['a-1', 'b-10', 'b-2']);
      expect(await registry.tags(repository, { ...all, prefix: 'b-' }, never)).toEqual(['b-10', 'b-2']);
    });

    it('have no tags where there is no repository', async () => {
      const { host } = await registryProcess();
      expect(await (await open()).tags(`${host}/no/where`, all, never)).toEqual([]);
    });

    it('list all tags of a registry that gives them in pages', async () => {
      const { host } = await registryProcess();
      const registry = await open();
      const tags = Array.from({ length: 25 }, (_, i) => `t-${String(i).padStart(2, '0')}`);
      await putImage({ host, repository: 'many', tags, labels: {} });
      const front = await pagingFront(host, 7);
      expect(await registry.tags(`${front.host}/many`, all, never)).toEqual(tags);
      expect(await registry.tags(`${front.host}/many`, { ...all, prefix: 't-1' }, never)).toEqual(
        tags.slice(10, 20),
      );
      expect(front.lists.length).toBeGreaterThan(1);
    });

    it('enter the list of a registry that gives pages where the prefix stands', async () => {
      const { host } = await registryProcess();
      const registry = await open();
      const tags = Array.from({ length: 100 }, (_, i) => `t-${String(i).padStart(3, '0')}`);
      await putImage({ host, repository: 'many', tags, labels: {} });
      const front = await pagingFront(host, 15);
      const repository = `${front.host}/many`;
      expect(await registry.tags(repository, { ...all, prefix: 't-055' }, never)).toEqual(['t-055']);
      expect(await registry.tags(repository, { ...all, prefix: 't-056' }, never)).toEqual(['t-056']);
      expect(front.lists).toEqual(['/v2/many/tags/list', '/v2/many/tags/list?last=t-05']);
      await putImage({ host, repository: 'many', tags: ['t-055x'], labels: {} });
      const again = { prefix: 't-055', refresh: true };
      expect(await registry.tags(repository, again, never)).toEqual(['t-055', 't-055x']);
      expect(front.lists).toHaveLength(3);
    });

    it('read all pages of a registry that does not heed where they would begin', async () => {
      const { host } = await registryProcess();
      const registry = await open();
      const tags = Array.from({ length: 100 }, (_, i) => `t-${String(i).padStart(3, '0')}`);
      await putImage({ host, repository: 'many', tags, labels: {} });
      const front = await pagingFront(host, 15, { heedsLast: false });
      const repository = `${front.host}/many`;
      expect(await registry.tags(repository, { ...all, prefix: 't-05' }, never)).toEqual(tags.slice(50, 60));
      const asked = front.lists.length;
      expect(await registry.tags(repository, { ...all, prefix: 't-09' }, never)).toEqual(tags.slice(90));
      expect(await registry.tags(repository, { ...all, prefix: 'none' }, never)).toEqual([]);
      expect(front.lists).toHaveLength(asked);
    });

    it('ask again for tags only when told to', async () => {
      const { host } = await registryProcess();
      const registry = await open();
      const repository = `${host}/app`;
      await putImage({ host, repository: 'app', tags: ['one'], labels: {} });
      expect(await registry.tags(repository, all, never)).toEqual(['one']);
      await putImage({ host, repository: 'app', tags: ['two'], labels: {} });
      expect(await registry.tags(repository, all, never)).toEqual(['one']);
      expect(await registry.tags(repository, { ...all, refresh: true }, never)).toEqual(['one', 'two']);
    });

    it('tell what an image is', async () => {
      const { host } = await registryProcess();
      const registry = await open();
      const labels = { z: 'last', a: 'with "quotes" and ü' };
      const put = await putImage({ host, repository: 'app', tags: ['one'], labels });
      const facts = await registry.image(`${host}/app:one`, platform(), never);
      expect(facts).toEqual({
        id: put.id,
        digest: put.digest,
        mediaType: MANIFEST,
        created: new Date('2024-05-06T07:08:09Z'),
        size: put.size,
        platform: 'linux/amd64',
        labels: new Map(Object.entries(labels)),
        env: ['B=2', 'A=1'],
        onBuild: ['RUN true'],
      });
      expect(await registry.image(`${host}/app@${put.digest}`, platform(), never)).toEqual(facts);
    });

    it('say null of an image that is not there', async () => {
      const { host } = await registryProcess();
      const registry = await open();
      await putImage({ host, repository: 'app', tags: ['one'], labels: {} });
      expect(await registry.image(`${host}/app:two`, platform(), never)).toBeNull();
      expect(await registry.image(`${host}/no/where:two`, platform(), never)).toBeNull();
      expect(await registry.head(`${host}/app:two`, never)).toBeNull();
      expect(await registry.head(`${host}/no/where:two`, never)).toBeNull();
    });

    it('tell the digest behind a tag', async () => {
      const { host } = await registryProcess();
      const registry = await open();
      const { digest } = await putImage({ host, repository: 'app', tags: ['one'], labels: {} });
      expect(await registry.head(`${host}/app:one`, never)).toBe(digest);
    });

    it('copy an image to another repository and to another registry', async () => {
      const [{ host }, other] = await Promise.all([registryProcess(), registryProcess()]);
      const registry = await open();
      const { digest } = await putImage({ host, repository: 'app', tags: ['one'], labels: {} });
      for (const target of [`${host}/second/app:two`, `${other.host}/app:three`]) {
        await registry.copy(`${host}/app:one`, target, never);
        expect(await registry.head(target, never)).toBe(digest);
        expect((await registry.image(target, platform(), never))?.digest).toBe(digest);
      }
    });

    it('list images under one tag, of which each platform gets its own, and copy all of that', async () => {
      const { host } = await registryProcess();
      const registry = await open();
      const one = await putImage({ host, repository: 'app', tags: ['one'], labels: { a: '1' } });
      const two = await putImage({ host, repository: 'app', tags: ['two'], labels: { a: '2' } });
      const [amd, arm] = [platform(), platform('linux/arm64')];
      const parts = [
        { reference: `${host}/app:one`, platform: amd },
        { reference: `${host}/app@${two.digest}`, platform: arm },
      ];
      const digest = await registry.index(`${host}/app`, 'both', parts, never);
      await registry.copy(`${host}/app:both`, `${host}/copy:both`, never);
      for (const reference of [`${host}/app:both`, `${host}/copy:both`]) {
        expect(await registry.head(reference, never)).toBe(digest);
        expect(await registry.image(reference, amd, never)).toMatchObject({ digest, id: one.id });
        expect(await registry.image(reference, arm, never)).toMatchObject({ digest, id: two.id });
      }
      expect(await registry.index(`${host}/app`, 'again', parts, never)).toBe(digest);
      const change = { platform: arm, configuration: '{"architecture":"arm64","os":"linux"}', tagged: false };
      const untagged = await registry.reconfigure(`${host}/app:both`, `${host}/app:none`, change, never);
      expect(await registry.head(`${host}/app:none`, never)).toBeNull();
      expect(await registry.head(`${host}/app@${untagged}`, never)).toBe(untagged);
    });

    it('delete an image by its digest', async () => {
      const { host } = await registryProcess();
      const registry = await open();
      const { digest } = await putImage({ host, repository: 'app', tags: ['one'], labels: { a: '1' } });
      await putImage({ host, repository: 'app', tags: ['two'], labels: { a: '2' } });
      await registry.delete(`${host}/app@${digest}`, never);
      expect(await registry.head(`${host}/app:one`, never)).toBeNull();
      expect(await registry.head(`${host}/app:two`, never)).not.toBeNull();
    });

    it('say so when nobody answers', async () => {
      const failed = (await open()).tags('127.0.0.1:1/app', all, never);
      await expect(failed).rejects.toMatchObject({
        code: 'REGISTRY_UNREACHABLE',
        message: expect.stringContaining('127.0.0.1:1'),
      });
    }, 60_000);
  });
}

function platform(text = 'linux/amd64') {
  const parsed = parsePlatform(text);
  if (parsed === null) throw new Error(`${text} is a platform`);
  return parsed;
}
