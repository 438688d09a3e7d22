import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { isFit, shortSlug, slugify } from '../oci/slug.ts';

/** A final image, as far as its further tags depend on it. */
export interface TaggedImage {
  /** '' is the nameless image. */
  readonly name: string;
  /** Tag of its last stage. */
  readonly contentBasedTag: string;
}

/** What stands for something in a template. */
const PLACEHOLDERS: Readonly<Record<string, (image: TaggedImage) => string>> = {
  '%image%': ({ name }) => name,
  '%image_slug%': ({ name }) => shortSlug(name),
  '%image_safe_slug%': ({ name }) => (name === '' ? '' : slugify(name, 'docker-tag')),
  '%image_content_based_tag%': ({ contentBasedTag }) => contentBasedTag,
};

/** Tags of stages, of their indexes, and of what is recorded about them. */
const OWN_FORMS =
  /^(?:[0-9a-f]{56}(?:-[0-9]{13}(?:-rejected)?)?|(?:managed-image|import-metadata|custom-tag-meta|client-id|base-image)-.*|meta-[0-9a-f]{8}_.*|sync-server|cleanup)$/;

/** Puts in what a template says of an image: for tags, and for names that images are exported to. */
export function expandTemplate(template: string, image: TaggedImage): string {
  return template.replace(/%[a-z_]+%/g, (placeholder) => PLACEHOLDERS[placeholder]?.(image) ?? placeholder);
}

/**
 * The further tags of images, as `--add-custom-tag` asks for them.
 * @param images the final images that were asked for
 * @returns tags in the order of `templates`, each once, by the name of the image
 * @throws UserError with everything that is wrong: what is no tag, and one tag for several stages
 */
export function customTags(
  templates: readonly string[],
  images: readonly TaggedImage[],
): ReadonlyMap<string, readonly string[]> {
  const tags = new Map<string, readonly string[]>();
  const takenBy = new Map<string, { readonly template: string; readonly image: TaggedImage }>();
  const problems = new Map<string, Problem>();
  for (const image of images) {
    const own = new Set<string>();
    for (const template of templates) {
      const tag = expandTemplate(template, image);
      const other = takenBy.get(tag);
      const problem = wrongTag(tag, template) ?? (other && sharedTag(tag, template, { image, other }));
      if (problem && !problems.has(template)) problems.set(template, problem);
      if (!other) takenBy.set(tag, { template, image });
      own.add(tag);
    }
    tags.set(image.name, [...own]);
  }
  raise([...problems.values()]);
  return tags;
}

/**
 * Checks templates before anything is built, when the tags of the stages are not known yet.
 * @param names of the final images that will be built
 * @throws UserError as customTags, and where there is no repository to put tags into
 */
export function checkCustomTags(
  templates: readonly string[],
  { names, hasRepository }: { readonly names: readonly string[]; readonly hasRepository: boolean },
): void {
  if (templates.length === 0) return;
  if (!hasRepository) {
    throw new UserError(
      'CUSTOM_TAG_WITHOUT_REPO',
      '--add-custom-tag needs --repo: local images get no further tags',
      {
        hint: 'name the repository that keeps the stages of the project with --repo or WERF_REPO',
      },
    );
  }
  // As long as those of stages, and different for each image.
  const contentBasedTag = (index: number) => `${String(index).padStart(56, '0')}-${'0'.repeat(13)}`;
  customTags(
    templates,
    names.map((name, index) => ({ name, contentBasedTag: contentBasedTag(index) })),
  );
}

function wrongTag(tag: string, template: string): Problem | null {
  const of = tag === template ? `"${tag}"` : `"${tag}", made of "${template}",`;
  const unknown = /%[a-z_]+%/.exec(tag)?.[0];
  if (unknown !== undefined) {
    const hint = `these stand for something: ${Object.keys(PLACEHOLDERS).join(', ')}`;
    return problem(`${of} holds ${unknown}, which stands for nothing`, hint);
  }
  if (OWN_FORMS.test(tag)) {
    const hint = `put something in front of it, such as release-${template}`;
    return problem(`${of} has the form of tags that slipway makes itself`, hint);
  }
  if (isFit(tag, 'docker-tag')) return null;
  const hint = template.includes('%image%')
    ? 'write %image_safe_slug% for %image%: it gives a valid tag for every name'
    : 'tags have at most 128 letters, digits, "_", "." and "-", and begin with none of the last two';
  return problem(`${of} is not a valid tag`, hint);
}

function sharedTag(
  tag: string,
  template: string,
  {
    image,
    other,
  }: {
    readonly image: TaggedImage;
    readonly other: { readonly template: string; readonly image: TaggedImage };
  },
): Problem | null {
  if (other.image.contentBasedTag === image.contentBasedTag) return null;
  const shown = ({ name }: TaggedImage) => (name === '' ? '~' : name);
  const message = `the images ${shown(other.image)} and ${shown(image)} would both get the tag "${tag}"`;
  if (template === other.template) {
    return problem(
      message,
      `put the name in, such as %image_safe_slug%-${template}, or build one final image`,
    );
  }
  return problem(`${message}, by "${other.template}" and "${template}"`, 'change one of the two templates');
}

function problem(message: string, hint: string): Problem {
  return { code: 'CUSTOM_TAG_INVALID', message: `--add-custom-tag: ${message}`, hint };
}

function raise(problems: readonly Problem[]): void {
  const [first] = problems;
  if (!first) return;
  if (problems.length > 1) {
    throw new UserError('CUSTOM_TAG_INVALID', 'images cannot get these tags', { problems });
  }
  throw new UserError(first.code, first.message, first.hint === undefined ? {} : { hint: first.hint });
}
