import { z } from 'zod';
import { Flag, integer, Text, TextList } from './leaf.ts';
import { section } from './section.ts';
import { PatternList, Period, Port, TextMap } from './values.ts';

export const HealthCheckSection = section({
  test: TextList.optional().describe('Command, as `[CMD, …]`, `[CMD-SHELL, …]` or `[NONE]`.'),
  interval: Period.optional().describe('Time between checks: a duration, or seconds.'),
  timeout: Period.optional().describe('Time after which a check has failed.'),
  startPeriod: Period.optional().describe('Time in which failures do not count.'),
  retries: integer(0).optional().describe('Failures in a row that make the container unhealthy.'),
});

const Changes = section({
  cmd: TextList.optional().describe('Replaces the command.'),
  entrypoint: TextList.optional().describe('Replaces the entry point; without `cmd` the command is dropped.'),
  env: TextMap.optional().describe('Variables to set; `${NAME}` stands for the value before.'),
  expose: z
    .array(Port, { error: 'expected a list of ports' })
    .optional()
    .describe('Ports to add, as `PORT[/PROTOCOL]`.'),
  healthcheck: HealthCheckSection.optional().describe('Replaces the health check.'),
  labels: TextMap.optional().describe('Labels to set; `%image%` and `%project%` stand for names.'),
  stopSignal: Text.optional().describe('Replaces the signal that stops the container.'),
  user: Text.optional().describe('Replaces the user.'),
  workingDir: Text.optional().describe('Replaces the working directory.'),
  volumes: TextList.optional().describe('Volumes to add.'),
  removeEnv: PatternList.optional().describe('Variables to remove: names or `/regular expressions/`.'),
  removeLabels: PatternList.optional().describe('Labels to remove: names or `/regular expressions/`.'),
  removeVolumes: TextList.optional().describe('Volumes to remove, by exact path.'),
  clearCmd: Flag.optional().describe('Empty the command.'),
  clearEntrypoint: Flag.optional().describe('Empty the entry point.'),
  clearUser: Flag.optional().describe('Empty the user.'),
  clearWorkingDir: Flag.optional().describe('Empty the working directory.'),
  keepEssentialWerfLabels: Flag.optional().describe('Do not warn that labels which cleanup needs stay.'),
  clearWerfLabels: Flag.optional().describe('Old spelling.').meta({ deprecated: true }),
});

/** A change of an image's configuration over the same layers. */
export const ImageSpecSection = section({
  author: Text.optional().describe('Author of the image.'),
  clearHistory: Flag.optional().describe('Drop the history of the configuration.'),
  config: Changes.optional().describe('Changes of the configuration.'),
});
export type ImageSpecSection = z.infer<typeof ImageSpecSection>;
export type HealthCheckSection = z.infer<typeof HealthCheckSection>;
