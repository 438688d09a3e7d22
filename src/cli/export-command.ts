import { exportImages } from '../commands/export-images.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { buildFlagTable, buildRequestOf } from './build-command.ts';
import { buildVariables } from './build-variables.ts';
import { sessionCommand } from './command.ts';
import { list, textOr, toggle } from './flag.ts';

const section = 'command';

export const exportCommand = sessionCommand({
  name: 'export',
  summary: 'copy images to free names, without the labels of slipway, built if needed',
  positionals: { usage: '[IMAGE…]', most: Number.POSITIVE_INFINITY },
  description: `Builds images as \`slipway build\` does, or finds them built, and copies the last stage of each to names of your own. \
The layers stay what they are; labels that begin with "werf" are left out, so that the copies belong to nobody: \
\`slipway cleanup\` never looks at them.

In --tag, %image% stands for the image's name, %image_slug% and %image_safe_slug% for forms of it that tags may have, \
and %image_content_based_tag% for the tag of its stage.`,
  examples: [
    {
      line: 'slipway export --repo registry.example.com/project --tag registry.example.com/app/%image%:1.2.0',
      explains: 'gives all final images a version',
    },
    {
      line: 'slipway export app --tag hub.example.com/app:latest --add-label org.opencontainers.image.version=1.2.0',
      explains: 'copies one image, with a label of its own',
    },
  ],
  variables: buildVariables,
  flags: {
    tag: list('tag', 'REFERENCE', {
      section,
      summary: 'full reference that an image is copied to; required',
    }),
    addLabel: list('add-label', 'NAME=VALUE', {
      section,
      env: ['WERF_EXPORT_ADD_LABEL_*'],
      summary: 'label of the copies; several in one value are split by --add-label-separator',
    }),
    addLabelSeparator: textOr('add-label-separator', 'TEXT', '\n', {
      section,
      env: ['WERF_EXPORT_ADD_LABEL_SEPARATOR'],
      summary: 'what is between labels in one value',
      fallbackText: 'a line end',
    }),
    ...buildFlagTable,
    addCustomTag: { ...buildFlagTable.addCustomTag, env: [], hidden: true },
    offline: { ...buildFlagTable.offline, hidden: true },
    finalImagesOnly: toggle('final-images-only', {
      section,
      env: ['WERF_FINAL_IMAGES_ONLY'],
      fallback: true,
      summary: 'export only final images, where no IMAGE is named',
    }),
  },
  output: 'log',
  async run(input, session) {
    const { tag, addLabel, addLabelSeparator } = input.flags;
    if (tag.length === 0) {
      throw new UserError('CLI_VALUE_MISSING', '`export` needs --tag', {
        hint: 'name what the images become, such as --tag registry.example.com/%image%:1.0',
      });
    }
    if (input.flags.offline) {
      throw new UserError('CLI_BAD_VALUE', '`export` writes to a registry: --offline excludes that');
    }
    const labels = labelsOf(addLabel, addLabelSeparator);
    await exportImages({ build: buildRequestOf(input, session.env), templates: tag, labels }, session);
    return '';
  },
});

function labelsOf(values: readonly string[], separator: string): ReadonlyMap<string, string> {
  const pairs = values
    .flatMap((value) => (separator === '' ? [value] : value.split(separator)))
    .filter((pair) => pair.trim() !== '');
  return new Map(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at > 0) return [pair.slice(0, at).trim(), pair.slice(at + 1)] as const;
      throw new UserError('CLI_BAD_VALUE', `--add-label: "${pair}" is not of the form NAME=VALUE`);
    }),
  );
}
