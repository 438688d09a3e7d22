import { imageReference } from '../config/image-reference.ts';
import { lastOf } from '../conveyor/image-result.ts';
import { imageTitle } from '../conveyor/image-title.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { changedSettings } from '../oci/image-settings.ts';
import type { Platform } from '../oci/platform.ts';
import { runTask } from '../progress/task.ts';
import { expandTemplate, type TaggedImage } from '../stages/custom-tags.ts';
import { build } from './build.ts';
import type { BuildRequest } from './build-request.ts';
import { chooseImages } from './choose-images.ts';
import { readBuildReport } from './read-build-report.ts';
import type { Session } from './session.ts';

export interface ExportRequest {
  /** What is built, or found built, before. */
  readonly build: BuildRequest;
  /** At least one: full references. @see expandTemplate */
  readonly templates: readonly string[];
  readonly labels: ReadonlyMap<string, string>;
}

/** An image that is exported. */
interface Exported extends TaggedImage {
  /** One for each platform; in a registry, or, where `local`, on this machine. */
  readonly images: readonly { readonly reference: string; readonly platform: Platform }[];
  readonly local: boolean;
}

/** Copies last stages to free names, without the labels of slipway. */
export async function exportImages(request: ExportRequest, session: Session): Promise<void> {
  const images = await exported(request, session);
  const targets = referencesOf(request.templates, images);
  const { progress, clock } = session;
  for (const image of images) {
    const title = `Exporting image ${imageTitle(image.name)}`;
    await runTask({ progress, now: clock.now, title }, async (task) => {
      const write = image.local
        ? await localWriter(image, request, session)
        : registryWriter(image, request, session);
      try {
        for (const reference of targets.get(image.name) ?? []) {
          task.line(`tag ${reference}`);
          await write.to(reference);
        }
      } finally {
        await write.close();
      }
    });
  }
}

async function exported(
  { build: wanted, templates }: ExportRequest,
  session: Session,
): Promise<readonly Exported[]> {
  const chosen = (all: readonly { readonly name: string; readonly final: boolean }[]) =>
    new Set(chooseImages(all, wanted.images, { finalOnly: wanted.finalImagesOnly }));
  if (wanted.report.use) {
    const reported = [...(await readBuildReport(wanted.report, []))];
    const names = chosen(reported.map(([name]) => ({ name, final: true })));
    const images = reported
      .filter(([name]) => names.has(name))
      .map(([name, { DockerImageName, DockerRepo, DockerTag, platforms }]): Exported => {
        const local = !DockerRepo.includes('/');
        const reference = local ? `localhost/${DockerImageName}` : DockerImageName;
        const own = platforms.length > 0 ? platforms : [wanted.platforms[0] ?? session.host.platform];
        const images = own.map((platform) => ({ reference, platform }));
        return { name, contentBasedTag: DockerTag, images, local };
      });
    referencesOf(templates, images);
    return images;
  }
  // Before anything is built, the tags of stages are not known yet.
  const { results } = await build(
    { ...wanted, report: { ...wanted.report, use: false } },
    session,
    (planned) => {
      const names = chosen(planned);
      const foreseen = planned
        .filter(({ name }) => names.has(name))
        .map(({ name }, index) => ({
          name,
          contentBasedTag: `${String(index).padStart(56, '0')}-${'0'.repeat(13)}`,
        }));
      referencesOf(templates, foreseen);
    },
  );
  const names = chosen(results.map(({ name, config }) => ({ name, final: config.final })));
  const local = wanted.offline || wanted.storage.primary === null;
  return results
    .filter(({ name }) => names.has(name))
    .map(({ name, target, parts }): Exported => {
      const images = parts.map((part) => {
        const last = lastOf(part).stage;
        return { reference: local ? `localhost/${last.name}` : last.name, platform: part.platform };
      });
      return { name, contentBasedTag: target.tag, images, local };
    });
}

/** @returns references by the image's name @throws UserError with everything that is wrong with them */
function referencesOf(
  templates: readonly string[],
  images: readonly TaggedImage[],
): ReadonlyMap<string, readonly string[]> {
  const takenBy = new Map<string, string>();
  const problems: Problem[] = [];
  const add = (message: string, hint: string) => problems.push({ code: 'EXPORT_REFERENCE', message, hint });
  const references = new Map<string, readonly string[]>();
  for (const image of images) {
    const own = [...new Set(templates.map((template) => expandTemplate(template, image)))];
    references.set(image.name, own);
    for (const reference of own) {
      const parsed = imageReference(reference);
      if (!parsed?.tag || parsed.digest !== null) {
        add(
          `--tag: "${reference}" is not a full reference`,
          'write it as registry.example.com/name:tag; %image_safe_slug% gives a valid tag for every image',
        );
      }
      const other = takenBy.get(reference);
      if (other !== undefined) {
        add(
          `--tag: the images ${other} and ${imageTitle(image.name)} would both become ${reference}`,
          'put the name in, such as %image_safe_slug%, or export one image',
        );
      }
      takenBy.set(reference, imageTitle(image.name));
    }
  }
  const [first] = problems;
  if (!first) return references;
  if (problems.length > 1) throw new UserError(first.code, 'images cannot be exported so', { problems });
  throw new UserError(first.code, first.message, first.hint === undefined ? {} : { hint: first.hint });
}

interface Writer {
  to(reference: string): Promise<void>;
  close(): Promise<void>;
}

function registryWriter(
  { images }: Exported,
  { labels }: ExportRequest,
  { ports: { registry }, signal }: Session,
): Writer {
  const tagged = images.length === 1;
  const write = async (from: string, platform: Platform, reference: string): Promise<string> => {
    const before = await registry.configuration(from, platform, signal);
    if (before === null) throw gone(from);
    const change = { platform, configuration: relabelled(before, labels), tagged };
    return await registry.reconfigure(from, reference, change, signal);
  };
  return {
    async to(reference) {
      const parts = await Promise.all(
        images.map(async (image) => ({
          digest: await write(image.reference, image.platform, reference),
          platform: image.platform,
        })),
      );
      if (tagged) return;
      const [, repository = '', tag = ''] = /^(.*):([^:/]+)$/.exec(reference) ?? [];
      const listed = parts.map(({ digest, platform }) => ({
        reference: `${repository}@${digest}`,
        platform,
      }));
      await registry.index(repository, tag, listed, signal);
    },
    close: async () => undefined,
  };
}

async function localWriter(
  { images: [image] }: Exported,
  { labels }: ExportRequest,
  { ports: { stages, builder, images }, signal }: Session,
): Promise<Writer> {
  const from = image?.reference ?? '';
  const found = await images.inspect(from, signal);
  if (!found) throw gone(from);
  const configuration = relabelled(await stages.configuration(from, signal), labels);
  const { id } = (await stages.reconfigure(from, configuration, signal)).facts;
  return {
    async to(reference) {
      await builder.push(id, reference, { signal, onLine: () => undefined, onBytes: () => undefined });
    },
    async close() {
      if (id !== found.facts.id) await images.remove(id, signal);
    },
  };
}

/** Slipway's labels all begin with `werf`. */
function relabelled(configuration: string, added: ReadonlyMap<string, string>): string {
  return changedSettings(configuration, ({ labels }) => ({
    labels: new Map([...[...labels].filter(([name]) => !name.startsWith('werf')), ...added]),
  }));
}

function gone(reference: string): UserError {
  return new UserError('STAGES_REQUIRED', `stages required: ${reference} is gone`, {
    hint: 'build it again',
  });
}
