import type { z } from 'zod';
import { Flag, leaf, Refusal, Text, Texts, textOf } from './leaf.ts';
import { parseHealthCheck } from './parse-health-check.ts';
import { section } from './section.ts';
import { TextMap } from './values.ts';

const TEXT_OR_WORDS = {
  anyOf: [
    { type: ['string', 'number', 'boolean'] },
    { type: 'array', items: { type: ['string', 'number', 'boolean'] } },
  ],
};

/** A text is for the shell; a list is run as it is. */
const Command = leaf<readonly string[]>({
  expected: 'a string or a list of strings',
  read: (value) => {
    const text = textOf(value);
    if (text !== undefined) return ['/bin/sh', '-c', text];
    const words = Array.isArray(value) ? value.map(textOf) : [undefined];
    return words.every((word) => word !== undefined) ? words : undefined;
  },
  editor: TEXT_OR_WORDS,
});

const HealthCheck = leaf({
  expected: 'a string such as `NONE` or `--interval=30s CMD curl localhost`',
  read: (value) => {
    const text = textOf(value);
    if (text === undefined) return undefined;
    const check = parseHealthCheck(text);
    return 'error' in check ? new Refusal(check.error) : check;
  },
  editor: { type: 'string' },
});

/** `docker`: changes of the image's configuration in the words of Dockerfiles. */
export const DockerInstructionsSection = section({
  USER: Text.optional().describe('Replaces the user.'),
  WORKDIR: Text.optional().describe('Replaces the working directory.'),
  HEALTHCHECK: HealthCheck.optional().describe('Replaces the health check, as in a Dockerfile.'),
  CMD: Command.optional().describe('Replaces the command: a text for the shell, or a list of words.'),
  ENTRYPOINT: Command.optional().describe(
    'Replaces the entry point: a text for the shell, or a list of words.',
  ),
  VOLUME: Texts.optional().describe('Volumes to add.'),
  EXPOSE: Texts.optional().describe('Ports to add, as `PORT[/PROTOCOL]`.'),
  ENV: TextMap.optional().describe('Variables to set.'),
  LABEL: TextMap.optional().describe('Labels to set.'),
  exactValues: Flag.optional().describe('Old; has no effect.').meta({ deprecated: true }),
});
export type DockerInstructionsSection = z.infer<typeof DockerInstructionsSection>;
