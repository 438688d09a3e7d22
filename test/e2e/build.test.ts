import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder, runningEngines } from './support/builder.ts';
import { cloneOf, config, makeProject } from './support/project.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.stop());

function twoStages(): Record<string, string> {
  return {
    'werf.yaml': config(),
    Dockerfile: `FROM ${registry.host}/busybox:latest AS build
ARG WHO=world
COPY app /app
RUN cat /app/* >/sum && echo "hello $WHO" && chown 33:33 /sum
FROM ${registry.host}/busybox:latest
COPY --from=build /sum /sum
RUN id -u >/etc/built
HEALTHCHECK CMD ["true"]
CMD ["cat", "/sum"]
`,
    'app/one': 'one\n',
    'app/two': 'two\n',
    'README.md': 'not in the context of COPY\n',
  };
}

const stageName = (output: string) => /name: (\S+)/.exec(output)?.[1] ?? '';

describe.each(['root', 'ordinary'] as const)('building as %s', (user) => {
  let builder: Builder;
  let project: Fixture;
  beforeAll(async () => {
    builder = await makeBuilder({ user });
    project = await makeProject(twoStages());
  });
  afterAll(async () => {
    await builder.remove();
    await project.remove();
  });
  const build = (...args: string[]) => builder.run(['build', ...args], { cwd: project.root });

  it('builds into the local storage, streams the output, and reuses what it built', async () => {
    const first = await build();
    expect(first.stderr).toBe('');
    expect(first.stdout).toContain('Building stage app/dockerfile');
    expect(first.stdout).toContain('hello world');
    expect(first.exitCode).toBe(0);
    const second = await build();
    expect(second.stdout).toContain('Use previously built image for app/dockerfile');
    expect(second.stdout).not.toContain('Building stage');
    expect(stageName(second.stdout)).toBe(stageName(first.stdout));
  });

  it('pushes what is there already under the same tag instead of building it again', async () => {
    const local = stageName((await build()).stdout);
    const repo = `${registry.host}/adopted-${user}`;
    const pushed = await build('--repo', repo);
    expect(pushed.stdout).toContain('Copy suitable stage from secondary :local');
    expect(pushed.stdout).not.toContain('Building stage');
    expect(registry.stages(`adopted-${user}`)).toEqual([local.split(':')[1]]);
  });

  it('finds a stage in the repository from another clone with an empty store, reading no layer', async () => {
    const repo = `${registry.host}/shared-${user}`;
    const first = await build('--repo', repo);
    expect(first.exitCode).toBe(0);
    const other = await makeBuilder({ user });
    const clone = await cloneOf(project);
    try {
      const found = await other.run(['build', '--repo', repo], { cwd: clone.root });
      expect(found.stdout).toContain('Use previously built image for app/dockerfile');
      expect(found.stdout).not.toMatch(/Building|Pulling|Copy/);
      expect(stageName(found.stdout)).toBe(stageName(first.stdout));
    } finally {
      await other.remove();
      await clone.remove();
    }
  });

  it('keeps owners, labels, the health check and the command in the registry', () => {
    const tag = registry.tags(`shared-${user}`)[0];
    const image = registry.inspect(`${registry.host}/shared-${user}:${tag}`, '--config', '--raw') as {
      config: { Labels: Record<string, string>; Healthcheck?: unknown; Cmd: string[] };
    };
    expect(image.config.Healthcheck).toEqual({ Test: ['CMD', 'true'] });
    expect(image.config.Cmd).toEqual(['cat', '/sum']);
    expect(image.config.Labels).toMatchObject({
      werf: 'demo',
      'werf-version': '0.1.0',
      'werf-project-repo-commit': project.git('rev-parse', 'HEAD'),
      'werf-stage-content-digest': expect.stringMatching(/^[0-9a-f]{56}$/),
      'werf.io/base-image-id': expect.stringMatching(/^sha256:/),
    });
  });

  it('leaves no engine behind', () => {
    expect(runningEngines()).toEqual([]);
  });
});

describe('commits', () => {
  let builder: Builder;
  let project: Fixture;
  beforeAll(async () => {
    builder = await makeBuilder();
    project = await makeProject(twoStages());
    await builder.run(['build'], { cwd: project.root });
  });
  afterAll(async () => {
    await builder.remove();
    await project.remove();
  });
  const change = async (files: Record<string, string>) => {
    await project.write(files);
    await project.commit('change');
    const { stdout, exitCode } = await builder.run(['build'], { cwd: project.root });
    expect(exitCode).toBe(0);
    return stdout.includes('Building stage') ? 'built' : 'reused';
  };

  it('build nothing when a file changes that no instruction reads', async () => {
    expect(await change({ 'README.md': 'changed\n' })).toBe('reused');
  });
  it('build once when a file of the context changes', async () => {
    expect(await change({ 'app/one': 'changed\n' })).toBe('built');
  });
  it('build nothing when only a comment of the Dockerfile changes', async () => {
    const { Dockerfile = '' } = twoStages();
    expect(await change({ Dockerfile: `# a comment\n${Dockerfile}` })).toBe('reused');
  });
  it('build again when a build argument changes', async () => {
    expect(await change({ 'werf.yaml': config('args:', '  WHO: you') })).toBe('built');
  });
  it('build nothing when the image is renamed', async () => {
    const renamed = config('args:', '  WHO: you').replace('image: app', 'image: [other, third]');
    expect(await change({ 'werf.yaml': renamed })).toBe('reused');
  });
});

describe('one commit built on two stores', () => {
  it('gives equal layers and configurations', async () => {
    const project = await makeProject(twoStages());
    const results: unknown[] = [];
    for (const name of ['first', 'second']) {
      const builder = await makeBuilder({ user: name === 'first' ? 'root' : 'ordinary' });
      const repo = `${registry.host}/equal-${name}`;
      const { stderr } = await builder.run(['build', '--repo', repo], { cwd: project.root });
      expect(stderr).toBe('');
      const [tag = ''] = registry.tags(`equal-${name}`);
      const reference = `${repo}:${tag}`;
      results.push({
        digest: tag.split('-')[0],
        manifest: registry.inspect(reference, '--raw'),
        config: registry.inspect(reference, '--config', '--raw'),
      });
      await builder.remove();
    }
    await project.remove();
    expect(results[1]).toEqual(results[0]);
  });

  it('gives at a later commit, running nothing again, what a machine that sees it first gives', async () => {
    const files = twoStages();
    const project = await makeProject(files);
    const builders = [await makeBuilder(), await makeBuilder()];
    const [remembering, fresh] = builders;
    if (!remembering || !fresh) throw new Error('no builders');
    await remembering.run(['build'], { cwd: project.root });
    // The date of the commit, in seconds, is another one then.
    await sleep(1_100);
    await project.write({ Dockerfile: `${files['Dockerfile']}LABEL later=1\n` });
    await project.commit('later');
    const manifests: unknown[] = [];
    for (const [builder, repository] of [
      [remembering, 'later-remembering'],
      [fresh, 'later-fresh'],
    ] as const) {
      const { stdout } = await builder.run(['build', '--repo', `${registry.host}/${repository}`], {
        cwd: project.root,
      });
      expect(stdout.includes('hello world')).toBe(builder === fresh);
      const [tag = ''] = registry.tags(repository);
      manifests.push(registry.inspect(`${registry.host}/${repository}:${tag}`, '--raw'));
    }
    for (const builder of builders) await builder.remove();
    await project.remove();
    expect(manifests[0]).toEqual(manifests[1]);
  });
});
