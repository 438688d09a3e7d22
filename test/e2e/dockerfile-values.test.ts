import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder } from './support/builder.ts';
import { config, makeProject } from './support/project.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { buildStapel, filesOf } from './support/stapel.ts';

let registry: TestRegistry;
let builder: Builder;
let project: Fixture;
beforeAll(async () => {
  registry = await startRegistry();
  builder = await makeBuilder();
  project = await makeProject({
    'werf.yaml': config('args:', '  GIVEN: given'),
    Dockerfile: `ARG TAG=latest
FROM ${registry.host}/busybox:\${TAG}
ENV PATH=/own:$PATH
ENV PATH=$PATH:/last
ARG ONE=1
ARG TWO=\${ONE}2
ARG GIVEN=default
ARG THREE=\${TWO}-\${GIVEN:+set}-\${MISSING:-none}
ENV VALUES="$ONE $TWO $THREE $GIVEN"
WORKDIR /at/$TWO
RUN echo "$PATH" >/path && echo "$VALUES" >/values && pwd >/where
`,
  });
});
afterAll(async () => {
  await builder.remove();
  await project.remove();
  await registry.stop();
});

describe('variables of a Dockerfile', () => {
  it('have the values that Docker gives them, in commands and in the configuration', async () => {
    const built = await buildStapel(builder, project, { args: ['--repo', `${registry.host}/values`] });
    const files = await filesOf(built.last());
    const path = '/own:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/last';
    expect(files.get('path')).toBe(`f 644 0:0 ${path}\n`);
    expect(files.get('values')).toBe('f 644 0:0 1 12 12-set-none given\n');
    expect(files.get('where')).toBe('f 644 0:0 /at/12\n');
    const { Env } = registry.inspect(built.last()) as { Env: string[] };
    expect(Env).toEqual([`PATH=${path}`, 'VALUES=1 12 12-set-none given']);
  });
});
