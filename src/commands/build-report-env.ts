import type { BuildReport, ImageRecord } from './build-report.ts';

/** The report as lines `NAME=value` for shells and dotenv readers. Images are sorted by name. */
export function buildReportEnv({ Images }: BuildReport): string {
  const names = [...Images.keys()].sort();
  return names.map((name) => linesOf(Images.get(name))).join('');
}

function linesOf(image: ImageRecord | undefined): string {
  if (!image) return '';
  const prefix = envPrefix(image.WerfImageName);
  const values: readonly (readonly [string, string])[] = [
    ['DOCKER_IMAGE_NAME', image.DockerImageName],
    ['DOCKER_IMAGE_ID', image.DockerImageID],
    ['DOCKER_IMAGE_DIGEST', image.DockerImageDigest],
    ['DOCKER_REPO', image.DockerRepo],
    ['DOCKER_TAG', image.DockerTag],
    ['WERF_IMAGE_NAME', image.WerfImageName],
    ['FINAL', String(image.Final)],
  ];
  return values.map(([name, value]) => `${prefix}${name}=${value}\n`).join('');
}

/** `WERF_` and the name in capitals with `_` for `/`, `-` and `.`; the nameless image has `WERF_` alone. */
export function envPrefix(name: string): string {
  return name === '' ? 'WERF_' : `WERF_${name.toUpperCase().replace(/[/.-]/g, '_')}_`;
}
