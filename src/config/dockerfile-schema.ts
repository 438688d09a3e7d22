import { z } from 'zod';
import { Flag, Text, TextList, TextMap, Texts } from './scalars.ts';

const Secret = z
  .strictObject({
    id: Text.optional(),
    env: Text.optional(),
    src: Text.optional(),
    value: Text.optional(),
  })
  .refine(({ env, src, value }) => [env, src, value].filter((given) => given !== undefined).length === 1, {
    error: 'expected exactly one of `env`, `src` and `value`',
  });

const Dependency = z.strictObject({
  image: Text,
  imports: z
    .array(
      z.strictObject({
        type: z.enum(['ImageName', 'ImageTag', 'ImageRepo', 'ImageDigest', 'ImageID'], {
          error: 'expected one of ImageName, ImageTag, ImageRepo, ImageDigest, ImageID',
        }),
        targetBuildArg: Text,
      }),
    )
    .optional(),
});

/** Seconds, or a duration such as 30s. */
const Period = Text.regex(/^(\d+|(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+)$/, {
  error: 'expected seconds or a duration such as 30s',
});

const ImageSpec = z.strictObject({
  author: Text.optional(),
  clearHistory: Flag.optional(),
  config: z
    .strictObject({
      cmd: TextList.optional(),
      entrypoint: TextList.optional(),
      env: TextMap.optional(),
      expose: TextList.optional(),
      healthcheck: z
        .strictObject({
          test: TextList.optional(),
          interval: Period.optional(),
          timeout: Period.optional(),
          startPeriod: Period.optional(),
          retries: Text.optional(),
        })
        .optional(),
      labels: TextMap.optional(),
      stopSignal: Text.optional(),
      user: Text.optional(),
      workingDir: Text.optional(),
      volumes: TextList.optional(),
      removeEnv: TextList.optional(),
      removeLabels: TextList.optional(),
      removeVolumes: TextList.optional(),
      clearCmd: Flag.optional(),
      clearEntrypoint: Flag.optional(),
      clearUser: Flag.optional(),
      clearWorkingDir: Flag.optional(),
      keepEssentialWerfLabels: Flag.optional(),
      clearWerfLabels: Flag.optional(),
    })
    .optional(),
});

/** One name, several, or `~` for none. */
export const ImageNames = z
  .union([z.null(), z.string(), z.array(z.string()).min(1)], {
    error: 'expected a name, a list of names, or ~',
  })
  .transform((value) => (value === null ? [''] : typeof value === 'string' ? [value] : value));

/** A document with `dockerfile`. */
export const DockerfileDocument = z
  .strictObject({
    image: ImageNames,
    dockerfile: Text,
    context: Text.optional(),
    contextAddFiles: Texts.optional(),
    contextAddFile: Texts.optional(),
    target: Text.optional(),
    args: TextMap.optional(),
    addHost: Texts.optional(),
    network: Text.optional(),
    ssh: Text.optional(),
    secrets: z.array(Secret).optional(),
    staged: Flag.optional(),
    dependencies: z.array(Dependency).optional(),
    imageSpec: ImageSpec.optional(),
    platform: TextList.optional(),
    cacheVersion: Text.optional(),
    final: Flag.optional(),
  })
  .refine((image) => image.contextAddFiles === undefined || image.contextAddFile === undefined, {
    path: ['contextAddFile'],
    error: '`contextAddFile` is the old spelling of `contextAddFiles`: use one of them',
  });
export type DockerfileDocument = z.infer<typeof DockerfileDocument>;

/** Keys of documents of the builder that is not there yet. */
export const STAPEL_KEYS: readonly string[] = [
  'image',
  'artifact',
  'from',
  'fromImage',
  'fromArtifact',
  'fromLatest',
  'fromCacheVersion',
  'disableGitAfterPatch',
  'git',
  'shell',
  'ansible',
  'import',
  'dependencies',
  'mount',
  'docker',
  'imageSpec',
  'platform',
  'cacheVersion',
  'final',
  'secrets',
  'network',
];
