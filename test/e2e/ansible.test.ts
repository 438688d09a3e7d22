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

describe('a play of many modules', () => {
  it('is one of at least thirty', () => {
    const keys = play('core.yml').matchAll(/^(?:- | *- | {2})(\w+):/gm);
    const used = new Set([...keys].map(([, key = '']) => key));
    expect(ansibleModules().filter((module) => used.has(module)).length).toBeGreaterThanOrEqual(30);
  });

  it.each([
    ['the Debian base', debian],
    ['the busybox base', busybox],
    ['an empty root', () => 'scratch'],
  ])('runs on %s', async (_, base) => {
    const project = await projectOf(image(base(), play('core.yml')));
    const repository = freshRepository();
    const made = await build(project, { repository });
    const files = await filesOf(made.last());
    expect([...files.keys()].filter((path) => TRACES.test(path))).toEqual([]);
    const contents = [...files].filter(([path]) => /^(?:srv\/play|home\/worker\/by)/.test(path));
    const kept = contents.filter(([path]) => !/key|\.csr|\.crt/.test(path));
    expect(Object.fromEntries(kept)).toMatchObject({
      'home/worker/by-worker': 'f 600 3001:3000 mine\n',
      'srv/play': 'd 755 0:0',
      'srv/play/always': 'f 644 0:0 always\n',
      'srv/play/app.ini': 'f 644 0:0 \n[web]\nport=8080\n',
      'srv/play/assembled': 'f 644 0:0 1\n2\n',
      'srv/play/hello': 'f 644 0:0 hello',
      'srv/play/list': 'f 644 0:0 first\n2nd\n# BEGIN\nin a block\n# END\n',
      'srv/play/owned': 'f 640 3001:3000 ',
      'srv/play/raw': 'f 644 0:0 raw\n',
      'srv/play/run.sh': expect.stringMatching(/^f 755 0:0 /),
      'srv/play/script': 'f 644 0:0 script\n',
      'srv/play/shell': 'f 644 0:0 shell\n',
      'srv/play/tgz/parts/1': 'f 644 0:0 1\n',
      'srv/play/zip/parts/2': 'f 644 0:0 2\n',
    });
    expect(files.get('srv/play/web.crt')).toContain('BEGIN CERTIFICATE');
    expect(files.has('srv/play/never')).toBe(false);
    expect(made.stdout).not.toContain('hunter2');
    expect(made.stdout).not.toMatch(/WARNING|DEPRECATION/);
    expect((await build(project, { repository })).rebuilt()).toEqual([]);
  });

  it('installs packages of Debian, with nothing that Ansible needs of its own', async () => {
    const project = await projectOf(image(debian(), play('apt.yml')));
    const made = await build(project, { repository: freshRepository() });
    const files = await filesOf(made.last());
    expect(files.get('usr/bin/slipway-hello')).toMatch(/^f 755 0:0 /);
    expect(files.has('usr/bin/slipway-tool')).toBe(false);
    expect(files.get('usr/bin/slipway-direct')).toMatch(/^f 755 0:0 /);
    expect(files.get('etc/apt/sources.list.d/local.list')).toContain('/deb ./');
    expect(files.get('etc/timezone')).toBe('f 644 0:0 Europe/Paris\n');
    expect([...files.keys()].filter((path) => /python3|dist-packages/.test(path))).toEqual([]);
    expect(told(made)).toContain('hello from a package');
  });
});

describe.each(Object.entries(RUNGS))('tasks on %s', (_, options) => {
  it('have the owners and modes that they say', async () => {
    const tasks = `
- user: {name: worker, uid: 3001, home: /home/worker}
- command: id -un
  become: true
  become_user: worker
  register: who
- assert: {that: ["who.stdout == 'worker'"]}
- copy: {dest: /home/worker/mine, content: mine, mode: "0600"}
  become: true
  become_user: worker
- file: {path: /srv/shared, state: directory, owner: worker, group: "8", mode: "2750"}
- file: {path: /srv/link, src: shared, state: link}`;
    const by = await makeBuilder(options);
    try {
      const project = await projectOf(image(busybox(), tasks));
      const made = await build(project, { by, repository: freshRepository() });
      const files = await filesOf(made.last());
      expect(files.get('home/worker/mine')).toBe('f 600 3001:100 mine');
      expect(files.get('srv/shared')).toBe('d 2750 3001:8');
      expect(files.get('srv/link')).toBe('l 777 0:8 shared');
      expect([...files.keys()].filter((path) => TRACES.test(path))).toEqual([]);
    } finally {
      await by.remove();
    }
  });
});

describe('the log of a play', () => {
  it('has a block for each task, in which its state stands', async () => {
    const project = await projectOf(
      image(
        busybox(),
        `
- name: say {{ 1 + 1 }}
  command: echo two
- command: echo {{ item }}
  loop: [a, b]
- command: echo never
  when: 1 > 2
- command: "false"
  ignore_errors: true
- command: echo hunter2 {{ item }}
  loop: [hunter3]
  no_log: true
- meta: noop`,
      ),
    );
    const lines = told(await build(project));
    const from = lines.indexOf('┌say 2');
    expect(lines.slice(from, lines.indexOf('└command', from) + 1)).toEqual([
      '┌say 2',
      'two',
      'changed',
      '└say 2',
      '┌command echo {{ item }}',
      'a: changed',
      'a',
      'b: changed',
      'b',
      'changed',
      '└command echo {{ item }}',
      '┌command echo never',
      expect.stringMatching(/^skipped: /),
      '└command echo never',
      '┌command false',
      'failed: exit status 1',
      'ignored',
      '└command false',
      '┌command',
      '(hidden by no_log): changed',
      'changed',
      '└command',
    ]);
  });

  it('takes further arguments of ansible-playbook', async () => {
    const project = await projectOf(image(busybox(), '- command: echo {{ word }}'));
    const env = { WERF_DEBUG_ANSIBLE_ARGS: '-v --extra-vars \'word="two words"\'' };
    const lines = told(await build(project, { env }));
    expect(lines).toContain('two words');
    expect(lines.join('\n')).toContain('"delta"');
  });
});

describe('a task that fails', () => {
  it('is told with its line in werf.yaml and its last output, and the stage is not kept', async () => {
    const tasks = `
- command: echo fine
- block:
  - name: compile
    shell: |
      echo compiling
      echo "main.c: no such thing" >&2
      exit 3
  always:
  - debug: {msg: cleanup}
- debug: {msg: not reached}`;
    const project = await projectOf(image(busybox(), tasks));
    const repository = freshRepository();
    const made = await build(project, { repository, fails: true });
    expect(made.exitCode).toBe(1);
    expect(made.stderr).toBe(`Error: image app: stage install: the task "compile" failed

werf.yaml:10:7: exit status 3

Last lines of its output:
  compiling
  main.c: no such thing
`);
    expect(told(made)).toContain('└compile FAILED');
    expect(told(made)).toContain('cleanup');
    expect(told(made)).not.toContain('not reached');
    expect(registry.stages(repository.slice(registry.host.length + 1))).toHaveLength(1);
  });

  it('is told also where Ansible does not understand it', async () => {
    const project = await projectOf(image(busybox(), '- command: echo fine\n- command: "true"\n  whenn: x'));
    const { stderr } = await build(project, { fails: true });
    expect(stderr).toBe(`Error: image app: stage install: the task "command true" failed

werf.yaml:9:5: conflicting action statements: command, whenn
`);
  });

  it('shows nothing of what no_log hides', async () => {
    const tasks = '- shell: echo hunter2; exit 1\n  no_log: true';
    const { stdout, stderr } = await build(await projectOf(image(busybox(), tasks)), { fails: true });
    expect(stdout + stderr).not.toContain('hunter2');
    expect(stderr).toContain('werf.yaml:8:5: the output is hidden by no_log');
  });

  it('is in a block, at any depth, that rescues it: then the stage is made', async () => {
    const tasks = `
- block:
  - block:
    - command: "false"
    always:
    - debug: {msg: inner always}
  rescue:
  - block:
    - fail: {msg: again}
    rescue:
    - debug: {msg: rescued at last}`;
    const lines = told(await build(await projectOf(image(busybox(), tasks))));
    expect(lines.filter((line) => line === 'rescued')).toHaveLength(2);
    expect(lines).toContain('rescued at last');
    expect(lines.join('\n')).not.toContain('FAILED');
  });

  it.each([
    ['without Ansible', { WERF_STAPEL_IMAGE_VERSION: '1' }, 'holds no Ansible'],
    ['that is switched off', { WERF_STAPEL_IMAGE_NAME: 'none' }, 'WERF_STAPEL_IMAGE_NAME is `none`'],
  ])('is every one with a toolchain %s', async (_, env, message) => {
    const project = await projectOf(image(busybox(), '- command: echo fine'));
    const { stderr } = await build(project, { env, fails: true });
    expect(stderr).toContain(message);
    expect(stderr).toContain('docs/stapel/toolchain.md');
  });
});

describe('the digest of a stage of tasks', () => {
  it('follows what the tasks say, not how they are written', async () => {
    const repository = freshRepository();
    const project = await projectOf(image(busybox(), '- name: a\n  command: echo a'));
    await build(project, { repository });
    const rebuilt = async (tasks: string) => {
      await project.write({ 'werf.yaml': stapelConfig(image(busybox(), tasks)) });
      await project.commit('change');
      return (await build(project, { repository })).rebuilt();
    };
    expect(await rebuilt('# a comment\n- {"command": "echo a", name: a}')).toEqual([]);
    expect(await rebuilt('- name: b\n  command: echo a')).toEqual(['install']);
  });
});

describe('the environment of a base image', () => {
  it('reaches what tasks run, and neither Ansible nor its Python', async () => {
    const hostile = {
      ANSIBLE_STDOUT_CALLBACK: 'minimal',
      BASH_ENV: '/nowhere/rc',
      LANG: 'ru_RU.KOI8-R',
      LD_LIBRARY_PATH: '/nowhere',
      LD_PRELOAD: '/nowhere/libjemalloc.so',
      PYTHONHOME: '/nowhere',
    };
    const variables = Object.entries(hostile)
      .map(([name, value]) => `${name}: ${value}`)
      .join(', ');
    const base = `image: base\nfrom: ${busybox()}\nimageSpec:\n  config:\n    env: {${variables}}`;
    const tasks = `
- user: {name: worker}
- command: env
- raw: env
  become: true
  become_user: worker`;
    const project = await projectOf(`${base}\nfinal: false`, image('base', tasks));
    const lines = told(await build(project));
    for (const [name, value] of Object.entries(hostile)) {
      expect(lines.filter((line) => line === `${name}=${value}`)).toHaveLength(2);
    }
    expect(lines.filter((line) => /^(?:STAPEL_|LC_)/.test(line))).toEqual([]);
  });
});
