import type { IncomingMessage, ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import { faultProxy } from './fault-proxy.ts';

export interface PagingFront {
  /** host:port on loopback. */
  readonly host: string;
  /** Tag lists asked for so far: path with query. */
  readonly lists: readonly string[];
}

/**
 * Stands before a registry and gives its tags in pages of `size`, as larger registries do; ended with the test.
 * @param registry host:port
 * @param heedsLast false: it ignores `last`, and knows its pages by numbers
 */
export async function pagingFront(
  registry: string,
  size: number,
  { heedsLast = true }: { readonly heedsLast?: boolean } = {},
): Promise<PagingFront> {
  const lists: string[] = [];
  const answer = async ({ method, url = '/' }: IncomingMessage, response: ServerResponse) => {
    const { pathname, search, searchParams } = new URL(url, `http://${registry}`);
    if (method !== 'GET' || !pathname.endsWith('/tags/list')) return false;
    lists.push(`${pathname}${search}`);
    const listed = await fetch(`http://${registry}${pathname}`);
    if (!listed.ok) return false;
    const { name, tags } = (await listed.json()) as { name: string; tags: string[] };
    const sorted = [...tags].sort();
    const begin = Number(searchParams.get('page') ?? 0);
    const last = searchParams.get('last') ?? '';
    const rest = heedsLast ? sorted.filter((tag) => tag > last) : sorted.slice(begin);
    const shown = rest.slice(0, size);
    const next = heedsLast ? `last=${shown.at(-1)}` : `page=${begin + size}`;
    const more = shown.length < rest.length;
    const link = { link: `<${pathname}?n=${size}&${next}>; rel="next"` };
    response.writeHead(200, { 'content-type': 'application/json', ...(more ? link : {}) });
    response.end(JSON.stringify({ name, tags: shown }));
    return true;
  };
  const proxy = await faultProxy(registry, { answer });
  onTestFinished(() => proxy.stop());
  return { host: proxy.host, lists };
}
