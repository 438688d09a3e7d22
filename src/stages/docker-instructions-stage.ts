import { posix } from 'node:path';
import type { DockerInstructions } from '../config/stapel-parts.ts';
import { withVariables } from '../oci/environment-list.ts';
import { changedSettings, commandWords, type ImageSettings, imageSettings } from '../oci/image-settings.ts';
import { type Canonical, compareText, entriesOf, optional } from './canonical.ts';
import { canonicalHealthCheck, healthSettings } from './health-settings.ts';

/**
 * The configuration of the stage `dockerInstructions`: user, directory and command are those of the base, then what
 * `docker` sets. Labels of stages are to be set after it.
 * @param configuration JSON of the previous stage's image
 * @param base JSON of the configuration of the image of stage `from`
 * @returns JSON
 */
export function applyDocker(configuration: string, docker: DockerInstructions, base: string): string {
  const start = imageSettings(base);
  return changedSettings(configuration, (before) => ({
    user: docker.user ?? start.user,
    workingDir: docker.workdir === null ? start.workingDir : directoryOf(docker.workdir, start),
    ...commandOf(docker, start),
    ...(docker.healthcheck && { healthcheck: healthSettings(docker.healthcheck, before.healthcheck) }),
    env: withVariables(before.env, docker.env),
    labels: new Map([...before.labels, ...[...docker.label].sort(([a], [b]) => compareText(a, b))]),
    exposedPorts: new Set([...before.exposedPorts, ...docker.expose]),
    volumes: new Set([...before.volumes, ...docker.volume]),
  }));
}

/** For the digest: everything that `docker` says. */
export function canonicalDocker(docker: DockerInstructions): readonly Canonical[] {
  return [
    optional(docker.user),
    optional(docker.workdir),
    canonicalHealthCheck(docker.healthcheck),
    optional(docker.cmd),
    optional(docker.entrypoint),
    docker.volume,
    docker.expose,
    entriesOf(docker.env),
    entriesOf(docker.label),
  ];
}

/** Each of the two drops the base's other one when it is set alone; both set, or none: nothing is dropped. */
function commandOf(
  { cmd, entrypoint }: DockerInstructions,
  base: ImageSettings,
): Pick<ImageSettings, 'cmd' | 'entrypoint'> {
  return {
    cmd: commandWords(cmd ?? (entrypoint === null ? base.cmd : [])),
    entrypoint: commandWords(entrypoint ?? (cmd === null ? base.entrypoint : [])),
  };
}

/** As in a Dockerfile, a relative one is below the directory so far. */
function directoryOf(directory: string, { workingDir }: ImageSettings): string {
  return directory === '' ? '' : posix.resolve('/', workingDir, directory);
}
