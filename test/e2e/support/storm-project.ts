import type { Fixture } from '../../git/git-fixture.ts';
import { numbers } from './numbers.ts';
import { makeProject } from './project.ts';
import { stapelConfig } from './stapel.ts';

export interface StormProject extends Fixture {
  /** Ids on all branches, oldest first. */
  readonly commits: readonly string[];
}

export const STORM_IMAGES = ['base', 'tools', 'app', 'web'] as const;

/**
 * A project of Stapel and Dockerfile images that need one another, and its history. Every command reads nothing but what
 * its stage depends on: what an image holds follows from the commit alone.
 * @param from the base image
 */
export async function stormProject(
  from: string,
  { count, branches, seed }: { readonly count: number; readonly branches: number; readonly seed: number },
): Promise<StormProject> {
  const next = numbers(seed);
  const pick = (limit: number) => Math.floor(next() * limit);
  const config = (version: number) =>
    stapelConfig(
      `image: base\nfinal: false\nfrom: ${from}\nshell:\n  beforeInstall: sleep 0.2; mkdir /base; echo ${version} >/base/version`,
      'image: tools\nfinal: false\ndockerfile: Dockerfile.tools',
      `image: app
from: base
git:
- add: /src
  to: /app
  stageDependencies:
    install: deps
    setup: setup.conf
import:
- from: tools
  add: /tools
  to: /opt/tools
  before: setup
shell:
  install: sleep 0.2; cp /app/deps /installed
  setup: sleep 0.2; cat /app/setup.conf /opt/tools/list >/configured`,
      'image: web\ndockerfile: Dockerfile.web\ndependencies:\n- image: base\n  imports:\n  - type: ImageName\n    targetBuildArg: BASE\nimageSpec:\n  config:\n    labels:\n      own: "%project%"',
    );
  const project = await makeProject({
    'werf.yaml': config(0),
    'Dockerfile.tools': `FROM ${from} AS make\nCOPY tools /in\nRUN sleep 0.2 && mkdir /tools && cp /in/list /tools/list\nFROM ${from}\nCOPY --from=make /tools /tools\n`,
    'Dockerfile.web': 'ARG BASE\nFROM ${BASE}\nCOPY web /web\nRUN sleep 0.2 && cp /web/page /page\n',
    'src/deps': '0\n',
    'src/setup.conf': '0\n',
    'src/file': '0\n',
    'tools/list': '0\n',
    'web/page': '0\n',
  });
  const commits = [project.git('rev-parse', 'HEAD')];
  const names = ['main', ...Array.from({ length: branches - 1 }, (_, index) => `side-${index}`)];
  for (const name of names.slice(1)) project.git('branch', name);
  const change = async (branch: string, number: number) => {
    const text = `${number}\n`;
    const kind = next();
    const own = `src/of-${branch}/${pick(4)}`;
    if (kind < 0.4) await project.write({ [own]: text });
    else if (kind < 0.5) await project.write({ [own]: text.repeat(600_000) });
    else if (kind < 0.6) await project.write({ 'src/deps': text });
    else if (kind < 0.7) await project.write({ 'src/setup.conf': text });
    else if (kind < 0.8) await project.write({ 'tools/list': text });
    else if (kind < 0.93) await project.write({ 'web/page': text });
    else await project.write({ 'werf.yaml': config(number) });
  };
  for (let number = 1; number < count; number++) {
    const branch = names[number % names.length] ?? 'main';
    project.git('checkout', '--quiet', branch);
    const other = names[pick(names.length)] ?? 'main';
    if (number > names.length && next() < 0.2 && other !== branch)
      project.git('merge', '--quiet', '-X', 'ours', '--no-ff', '--message', `merge ${other}`, other);
    await change(branch, number);
    commits.push(await project.commit(`change ${number}`));
  }
  project.git('checkout', '--quiet', 'main');
  return { ...project, commits };
}
