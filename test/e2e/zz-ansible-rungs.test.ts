import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ansibleModules } from '../../src/config/reading/ansible-modules.ts';
import type { Fixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder, RUNGS } from './support/builder.ts';
import { debianRepository, type PackageRepository } from './support/debian-repository.ts';
import { makeProject } from './support/project.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { buildStapel, filesOf, type StapelBuild, stapelConfig } from './support/stapel.ts';
import { toolchainRegistry } from './support/toolchain.ts';

const PLAYS = join(import.meta.dirname, '..', 'equipment', 'ansible');

let registry: TestRegistry;
let toolchain: Readonly<Record<string, string>>;
let packages: PackageRepository;
let server: Server;
let builder: Builder;
const projects: Fixture[] = [];

beforeAll(async () => {
  registry = await startRegistry();
  const { name, version } = toolchainRegistry(registry.host);
  toolchain = { WERF_STAPEL_IMAGE_NAME: name, WERF_STAPEL_IMAGE_VERSION: version };
  packages = await debianRepository();
  server = createServer((request, response) => {
    const content = request.url === '/hello.txt' ? Buffer.from('hello') : packages.read(request.url ?? '');
    response.writeHead(content === null ? 404 : 200).end(content ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  builder = await makeBuilder();
});
afterAll(async () => {
  server.close();
  await packages.remove();
  await builder.remove();
  await registry.stop();
  for (const project of projects) await project.remove();
});

const busybox = () => `${registry.host}/busybox:latest`;
const debian = () => `${registry.host}/debian:latest`;
const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

let repositories = 0;
const freshRepository = () => `${registry.host}/ansible-${++repositories}`;

/** An image of one stage `install`. @param tasks a list in YAML, at the margin */
function image(base: string, tasks: string, ...before: readonly string[]): string {
  const lines = tasks.trim().split('\n');
  return [
    'image: app',
    `from: ${base}`,
    ...before,
    'ansible:',
    '  install:',
    ...lines.map((line) => `  ${line}`),
  ]
    .join('\n')
    .replaceAll('{{', '{{`{{`}}');
}

async function projectOf(...documents: readonly string[]): Promise<Fixture> {
  const project = await makeProject({ 'werf.yaml': stapelConfig(...documents) });
  projects.push(project);
  return project;
}

interface Build {
  readonly repository?: string;
  readonly by?: Builder;
  readonly env?: Readonly<Record<string, string>>;
  readonly fails?: boolean;
}

function build(project: Fixture, { repository, by = builder, env = {}, fails = false }: Build = {}) {
  const args = repository === undefined ? [] : ['--repo', repository];
  return buildStapel(by, project, { args, env: { ...toolchain, ...env }, fails });
}

/** Lines of the log without names of images, frames and times. */
function told({ stdout }: StapelBuild): readonly string[] {
  return stdout
    .split('\n')
    .map((line) => line.replace(/^\w+ +(?=[│┌└])/, ''))
    .map((line) => line.replace(/^[│┌└ ]*/, (frame) => frame.replaceAll(/[│ ]/g, '')))
    .map((line) => line.replace(/ \(\d+\.\d+ seconds\)/, ''));
}

const play = (name: string) => readFileSync(join(PLAYS, name), 'utf8').replaceAll('@URL@', url());

/** What nothing of a build container leaves behind in an image. */
const TRACES = /^(?:\.werf|root\/\.ansible|(?:var\/)?tmp\/ansible)/;


describe.each(Object.entries(RUNGS).filter(([n]) => n.includes('one id')))('core on %s', (name, options) => {
  it.each([['debian', debian], ['busybox', busybox], ['scratch', () => 'scratch']])('runs on %s', async (what, base) => {
    const by = await makeBuilder(options);
    try {
      const project = await projectOf(image(base(), play('core.yml').replace(/^- acl.*
/m, '')));
      const made = await build(project, { by, repository: freshRepository() });
      const files = await filesOf(made.last());
      const text = [...files].filter(([path]) => !/key|csr|crt|shadow|hello/.test(path)).map((e) => e.join(' ')).sort().join('\n');
      const { createHash } = await import('node:crypto');
      const { writeFileSync } = await import('node:fs');
      writeFileSync(`/tmp/f/h/files-${what}-${name.replaceAll(' ', '-')}`, text);
      console.log(name, what, files.size, createHash('sha256').update(text).digest('hex').slice(0, 12));
    } finally {
      await by.remove();
    }
  });
});
