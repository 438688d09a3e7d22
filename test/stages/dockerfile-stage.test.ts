import { describe, expect, it } from 'vitest';
import type { DependencyType } from '../../src/config/image-inputs.ts';
import type { DockerfileImage } from '../../src/config/project.ts';
import { nativeDockerfileReader } from '../../src/dockerfile/native/native-dockerfile-reader.ts';
import { parsePlatform } from '../../src/oci/platform.ts';
import type { BuildContext } from '../../src/stages/build-context.ts';
import {
  type DependedImage,
  dependencyNamed,
  dockerfileDependency,
} from '../../src/stages/dockerfile-dependency.ts';
import { dockerfileStage } from '../../src/stages/dockerfile-stage.ts';
import type { ContentDigest } from '../../src/stages/stage-digest.ts';
import { parseStageId } from '../../src/stages/stage-id.ts';
import { realEngine } from '../helper/real-engine.ts';

const never = new AbortController().signal;
const POSITION = { file: 'werf.yaml', line: 1, column: 1 };
const CONTENT = 'c'.repeat(56);

/** The image `base` as a storage holds it. */
function stored(repo: string, over: Partial<DependedImage> & { readonly time?: number } = {}): DependedImage {
  const { time = 1_700_000_000_000, ...given } = over;
  const tag = `${'d'.repeat(56)}-${time}`;
  const stageId = parseStageId(tag);
  if (!stageId) throw new Error(`${tag} is a stage id`);
  return {
    stageId,
    repo,
    tag,
    name: `${repo}:${tag}`,
    digest: repo.includes('.') ? `sha256:${'2'.repeat(64)}` : '',
    id: `sha256:${'1'.repeat(64)}`,
    contentDigest: CONTENT as ContentDigest,
    facts: { env: ['INHERITED=yes'], onBuild: [] },
    ...given,
  };
}

const HERE = stored('demo');
const THERE = stored('r.example.com/p', { time: 1_800_000_000_000, id: `sha256:${'3'.repeat(64)}` });

type Imports = Readonly<Record<string, DependencyType>>;

async function stageOf(text: string, image: DependedImage, imports: Imports, files: readonly string[] = []) {
  const { engine, runDirectory } = await realEngine();
  const asked: string[] = [];
  const context: BuildContext = {
    dockerfile: async () => text,
    dockerignore: async () => null,
    committed: async () => files.map((path) => ({ path, mode: '100644', content: path })),
    added: async () => [],
    assertClean: async () => undefined,
    write: async () => undefined,
  };
  const platform = parsePlatform('linux/amd64');
  if (!platform) throw new Error('linux/amd64 is a platform');
  const dependency = {
    image: 'base',
    when: null,
    imports: Object.entries(imports).map(([target, type]) => ({ target, type })),
    position: POSITION,
  };
  const stage = await dockerfileStage({
    image: {
      context: '',
      dockerfile: 'Dockerfile',
      target: '',
      targetPosition: POSITION,
      args: new Map([['OWN', 'own']]),
      addHosts: [],
      cacheVersion: '',
    } as unknown as DockerfileImage,
    platform,
    context,
    reader: nativeDockerfileReader(engine, async () => runDirectory),
    dependencies: [dockerfileDependency(dependency, image)],
    base: async (reference) => {
      asked.push(reference);
      return { reference, env: ['PATH=/outside'], onBuild: [] };
    },
    signal: never,
  });
  return { ...stage, asked };
}

const digestOf = async (...given: Parameters<typeof stageOf>) => (await stageOf(...given)).digest;

const FROM_NAME = 'ARG BASE\nFROM ${BASE}\nENV X=${INHERITED}\n';

describe('a Dockerfile image that is told of another image', () => {
  it('gets the values as build arguments beside its own', async () => {
    const { buildArgs, parsed } = await stageOf(FROM_NAME, THERE, { BASE: 'ImageName', ID: 'ImageID' });
    expect([...buildArgs]).toEqual([
      ['OWN', 'own'],
      ['BASE', THERE.name],
      ['ID', THERE.id],
    ]);
    expect(parsed.stages).toMatchObject([{ baseReference: THERE.name }]);
  });

  it('knows the environment of the image without asking for it', async () => {
    const { asked, parsed, bases } = await stageOf(FROM_NAME, THERE, { BASE: 'ImageName' });
    expect(asked).toEqual([]);
    expect(bases).toEqual([{ reference: THERE.name, env: ['INHERITED=yes'], onBuild: [] }]);
    expect(parsed.stages[0]?.instructions.map(({ words }) => words)).toEqual([['X=yes']]);
  });

  it.each<[string, string, Imports]>([
    ['its name', FROM_NAME, { BASE: 'ImageName' }],
    ['repository and tag', 'ARG R\nARG T\nFROM ${R}:${T}\n', { R: 'ImageRepo', T: 'ImageTag' }],
    ['its id', 'ARG BASE\nFROM ${BASE}\n', { BASE: 'ImageID' }],
    [
      'a stage in the middle',
      'ARG B\nFROM $B AS one\nFROM scratch\nCOPY --from=one /a /a\n',
      { B: 'ImageName' },
    ],
    ['a label', 'FROM scratch\nARG NAME\nLABEL of=$NAME\n', { NAME: 'ImageName' }],
    ['a tag', 'FROM scratch\nARG TAG\nENV TAG=${TAG}\n', { TAG: 'ImageTag' }],
  ])(
    'has one digest wherever the image is kept, and another for other content: %s',
    async (_, text, imports) => {
      const digest = await digestOf(text, HERE, imports);
      expect(await digestOf(text, THERE, imports)).toBe(digest);
      const other = stored('demo', { contentDigest: 'e'.repeat(56) as ContentDigest });
      expect(await digestOf(text, other, imports)).not.toBe(digest);
    },
  );

  it('is based on it by digest where a registry gave one', async () => {
    const text = 'ARG R\nARG D\nFROM ${R}@${D}\n';
    const { parsed, dependencies, asked } = await stageOf(text, THERE, { R: 'ImageRepo', D: 'ImageDigest' });
    const reference = parsed.stages[0]?.baseReference ?? '';
    expect(reference).toBe(`${THERE.repo}@${THERE.digest}`);
    expect(dependencyNamed(reference, dependencies)?.image).toBe(THERE);
    expect(asked).toEqual([]);
  });

  it('cannot have what the image does not have', async () => {
    await expect(digestOf('ARG D\nFROM x@$D\n', HERE, { D: 'ImageDigest' })).rejects.toMatchObject({
      code: 'DEPENDENCY_VALUE',
    });
  });

  it('asks for other bases by their real names', async () => {
    const text = 'ARG R\nFROM ${R}:other\nENV P=$PATH\nFROM debian:12\nCOPY --from=0 /a /a\n';
    const { asked, digest } = await stageOf(text, THERE, { R: 'ImageRepo' });
    expect([...asked].sort()).toEqual(['debian:12', 'r.example.com/p:other']);
    expect(await digestOf(text, HERE, { R: 'ImageRepo' })).toBe(digest);
  });

  it('counts context files and triggers of the image as always', async () => {
    const text = 'ARG B\nFROM $B\nCOPY a /a\n';
    const imports: Imports = { B: 'ImageName' };
    const digest = await digestOf(text, HERE, imports, ['a', 'b']);
    expect(await digestOf(text, HERE, imports, ['a'])).toBe(digest);
    const renamed = 'ARG B\nFROM $B\nCOPY b /a\n';
    expect(await digestOf(renamed, HERE, imports, ['a', 'b'])).not.toBe(digest);
    const trigger = stored('demo', { facts: { env: [], onBuild: ['COPY b /b'] } });
    const triggered = await stageOf(text, trigger, imports, ['a', 'b']);
    expect(triggered.needs.map(({ files }) => files.map(({ path }) => path))).toEqual([['b'], ['a']]);
    expect(triggered.digest).not.toBe(digest);
    const there = stored('r.example.com/p', { facts: { env: [], onBuild: ['COPY b /b'] } });
    expect(await digestOf(text, there, imports, ['a', 'b'])).toBe(triggered.digest);
  });
});
