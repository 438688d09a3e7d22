import { availableParallelism } from 'node:os';
import type { Step } from './web-service.ts';

/** What a build of a commit did. */
export interface BuiltCommit {
  readonly step: Step;
  /** Names of the stages that were built, by image. */
  readonly built: ReadonlyMap<string, readonly string[]>;
  /** Of the whole command. */
  readonly seconds: number;
}

/** A page of Markdown. @param command the line that made it */
export function commitTable(commits: readonly BuiltCommit[], command: string): string {
  const images = Object.keys(commits[0]?.step.builds ?? {});
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rows = commits.map(({ step, built, seconds }, index) =>
    row([
      `${index}`,
      step.title,
      ...images.map((image) => built.get(image)?.join(', ') ?? ''),
      seconds.toFixed(1),
    ]),
  );
  const reasons = commits.map(({ step }, index) => `${index}. ${step.because}`);
  return `<!-- Written by ${command}: do not edit. -->

# Ten commits of a web service

The sample in \`test/equipment/projects/web-service\` is a service of Node.js: Express and Marked from npm, one bundle made by esbuild.
Four images: \`node\` is Debian with Node.js, \`runtime\` is node, its libraries and nothing else, \`build\` installs packages and makes the bundle,
\`app\` is the bundle and files of git on \`runtime\`. There is neither a shell nor npm in \`app\`.

\`${command}\` makes the commits, builds each into a registry on loopback, runs the last \`app\`, asks it over HTTP, and writes this page.
Stages that were built, by image; all others were found. Seconds are those of the whole command \`slipway build --repo …\`, with ${availableParallelism()} cores that
other work may have used too, as an ordinary user, \`WERF_STAPEL_IMAGE_NAME=none\`.

${row(['', 'commit', ...images.map((image) => `\`${image}\``), 'seconds'])}
${row(['--:', '---', ...images.map(() => '---'), '--:'])}
${rows.join('\n')}

Why:

${reasons.join('\n')}
`;
}
