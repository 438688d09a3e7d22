import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fixture } from '../../git/git-fixture.ts';
import type { Builder, Outcome } from './builder.ts';

/** A stage as the report tells it. */
export interface ReportedStage {
  readonly name: string;
  /** `repo:tag` or `project:tag`. */
  readonly image: string;
  readonly tag: string;
  readonly rebuilt: boolean;
}

export interface StapelBuild extends Outcome {
  /** Stages by image, in their order. */
  readonly images: ReadonlyMap<string, readonly ReportedStage[]>;
  /** Names of the stages of `image` that this run built. */
  rebuilt(image?: string): readonly string[];
  /** Names of all its stages. */
  stages(image?: string): readonly string[];
  /** Full name of its last stage. */
  last(image?: string): string;
}

interface Report {
  readonly Images: Readonly<
    Record<
      string,
      {
        readonly Stages: readonly {
          readonly Name: string;
          readonly DockerImageName: string;
          readonly DockerTag: string;
          readonly Rebuilt: boolean;
        }[];
      }
    >
  >;
}

/** Runs `slipway build` and reads its report. @throws when it fails, unless that is expected */
export async function buildStapel(
  builder: Builder,
  project: Pick<Fixture, 'root'>,
  {
    args = [],
    env = {},
    fails = false,
  }: {
    readonly args?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly fails?: boolean;
  } = {},
): Promise<StapelBuild> {
  const report = join(builder.home, `report-${Math.random().toString(36).slice(2)}.json`);
  const outcome = await builder.run(
    ['build', '--save-build-report', '--build-report-path', report, ...args],
    { cwd: project.root, env: { WERF_STAPEL_IMAGE_NAME: 'none', ...env } },
  );
  if ((outcome.exitCode !== 0) !== fails)
    throw new Error(`exit ${outcome.exitCode}\n${outcome.stdout}\n${outcome.stderr}`);
  const { Images }: Report = JSON.parse(await readFile(report, 'utf8').catch(() => '{"Images":{}}'));
  const images = new Map(
    Object.entries(Images).map(([name, { Stages }]) => [
      name,
      Stages.map(({ Name, DockerImageName, DockerTag, Rebuilt }) => ({
        name: Name,
        image: DockerImageName,
        tag: DockerTag,
        rebuilt: Rebuilt,
      })),
    ]),
  );
  const of = (image: string) => images.get(image) ?? [];
  return {
    ...outcome,
    images,
    rebuilt: (image = 'app') =>
      of(image)
        .filter(({ rebuilt }) => rebuilt)
        .map(({ name }) => name),
    stages: (image = 'app') => of(image).map(({ name }) => name),
    last: (image = 'app') => of(image).at(-1)?.image ?? '',
  };
}

/** What an image of a registry holds, by path without the leading `/`: `type mode uid:gid content-or-target`. */
export async function filesOf(reference: string, below = ''): Promise<ReadonlyMap<string, string>> {
  const directory = await mkdtemp(join(tmpdir(), 'slipway-unpacked-'));
  try {
    execFileSync('skopeo', [
      '--insecure-policy',
      'copy',
      '-q',
      '--src-tls-verify=false',
      `docker://${reference}`,
      `oci:${directory}/oci:image`,
    ]);
    execFileSync('umoci', ['unpack', '--image', `${directory}/oci:image`, `${directory}/bundle`], {
      stdio: 'pipe',
    });
    const root = join(directory, 'bundle', 'rootfs', below);
    const listed = execFileSync('find', ['.', '-mindepth', '1', '-printf', '%P\\0%y\\0%m\\0%U:%G\\0%l\\0'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    const fields = listed.split('\0');
    const files = new Map<string, string>();
    for (let i = 0; i + 4 < fields.length; i += 5) {
      const [path = '', type = '', mode = '', owner = '', target = ''] = fields.slice(i, i + 5);
      const content =
        type === 'f' ? (await readFile(join(root, path))).toString('latin1').slice(0, 200) : target;
      files.set(path, [type, mode, owner, ...(type === 'd' ? [] : [content])].join(' '));
    }
    return files;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** `werf.yaml` of a project with these image documents. */
export function stapelConfig(...documents: readonly string[]): string {
  return ['project: demo\nconfigVersion: 1\n', ...documents.map((text) => `${text.trim()}\n`)].join('---\n');
}

/** What an image's commands and the tool have printed about it, without what the log puts in front. */
export function said({ stdout }: Pick<Outcome, 'stdout'>, image = 'app'): readonly string[] {
  return stdout.split('\n').flatMap((line) => {
    const [, text] = new RegExp(`^(?:${image} +)?(?:│ )+(.*)$`).exec(line) ?? [];
    return text === undefined ? [] : [text];
  });
}
