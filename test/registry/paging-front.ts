import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';

export interface PagingFront {
  /** host:port on loopback. */
  readonly host: string;
  /** Tag lists asked for so far: path with query. */
  readonly lists: readonly string[];
}

/** Stands before a registry and gives its tags in pages of `size`, as larger registries do. */
export async function pagingFront(registry: string, size: number): Promise<PagingFront> {
  const lists: string[] = [];
  const server = createServer((request, response) => {
    const asked = new URL(request.url ?? '/', `http://${registry}`);
    const page = async () => {
      const answer = await fetch(new URL(asked.pathname, `http://${registry}`), {
        method: request.method ?? 'GET',
      });
      if (!answer.ok || !asked.pathname.endsWith('/tags/list')) {
        response.writeHead(answer.status, Object.fromEntries(answer.headers));
        response.end(Buffer.from(await answer.arrayBuffer()));
        return;
      }
      lists.push(`${asked.pathname}${asked.search}`);
      const { name, tags } = (await answer.json()) as { name: string; tags: string[] };
      const last = asked.searchParams.get('last') ?? '';
      const rest = tags.sort().filter((tag) => tag > last);
      const shown = rest.slice(0, size);
      const more = shown.length < rest.length;
      const next = `<${asked.pathname}?last=${shown.at(-1)}&n=${size}>; rel="next"`;
      response.writeHead(200, { 'content-type': 'application/json', ...(more ? { link: next } : {}) });
      response.end(JSON.stringify({ name, tags: shown }));
    };
    page().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the front has no port');
  return { host: `127.0.0.1:${address.port}`, lists };
}
