import express from 'express';
import { markdownPage } from './markdown.js';
import { noteText } from './notes.js';

/* global TITLE */

const port = Number(process.argv[2] ?? process.env.PORT ?? 8080);
const service = express();

service.get('/health', (_request, response) => {
  response.json({ title: TITLE, node: process.version, user: process.getuid() });
});

service.get('/notes/:name', async (request, response) => {
  const text = await noteText(request.params.name);
  if (text === null) response.status(404).json({ missing: request.params.name });
  else response.type('html').send(markdownPage(TITLE, text));
});

service.use(express.static('public'));

const server = service.listen(port, () => console.log(`listening on port ${port}`));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
