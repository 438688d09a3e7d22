import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { compareTrees } from './compare-trees.mjs';
import { writeRows } from './document.mjs';
import { builtImage, firstDifferentLayer, unpack } from './image.mjs';
import { lastLines, run } from './run.mjs';
import { VOLATILE } from './volatile.mjs';
import { ANY_OWNER, buildOnHost, equipment, openWorkshop } from './workshop.mjs';

/** Containers as CI jobs get them, and what must be built there. */
export const CASES = [
  { name: 'docker, root', seccomp: 'docker', user: 0, projects: ['multi-stage', 'packages', 'no-run'] },
  {
    name: 'no profile, user',
    seccomp: 'unconfined',
    user: 1000,
    projects: ['multi-stage', 'packages', 'no-run'],
  },
  { name: 'docker, user', seccomp: 'docker', user: 1000, projects: ['no-run'] },
  { name: 'docker, user, read-only', seccomp: 'docker', user: 1000, readOnly: true, projects: ['no-run'] },
];

/** What the built image must print, run in a container on this machine. */
const SHOWS = {
  'multi-stage': {
    command: ['sh', '-c', 'cat /srv/words && id -un && test -p /srv/pipe'],
    prints: /^a\nb\nc\napp\n$/,
  },
  'no-run': { command: [], prints: /^running as 1000\n$/ },
  packages: {
    command: [
      'sh',
      '-c',
      'nginx -t 2>&1 | tail -n 1; psql --version; node -p "require(\'/app/node_modules/left-pad\')(1, 3)"; python3 -c "import six; print(six.__version__)"; id -u web',
    ],
    prints: /successful\npsql .*\n {2}1\n1\.16\.0\n1500\n$/,
  },
};

const VOLATILE_LINES = VOLATILE.map(({ path, why }) => `- \`${path.source.replaceAll('\\/', '/')}\`: ${why}`);

const PART = {
  name: 'containers',
  title: 'In containers',
  heads: ['container', 'project', 'chosen', 'seconds', 'runs', 'layers as on the host', 'files'],
  keys: 2,
  after: `Compared are types, owners, modes, targets of links, devices, contents, links between files and extended attributes of all
files, with the image that root built on the host. Contents may differ in these (regular expressions):

${VOLATILE_LINES.join('\n')}`,
};

/**
 * Builds each project in each container, pushes it, unpacks it, runs it, and compares it with the one built as root on this machine.
 * @param {(name: string) => boolean} wanted by `CASE/PROJECT`
 * @param {(line: string) => void} say
 * @param {boolean} keep whether the table in docs/ is written
 * @returns {Promise<boolean>} whether all was right
 */
export async function runContainers(wanted, say, keep) {
  const all = CASES.flatMap((where) => where.projects.map((project) => ({ where, project })));
  const combinations = all.filter(({ where, project }) => wanted(`${where.name}/${project}`));
  const names = [...new Set(combinations.map(({ project }) => project))];
  const workshop = await openWorkshop(names);
  try {
    const references = new Map();
    for (const name of names) {
      const built = await buildOnHost(workshop, name);
      const tree = await unpack(built.reference, join(workshop.directory, 'reference', name));
      references.set(name, { ...built, tree });
      say(`this machine, root: ${name}: ${built.seconds.toFixed(0)} s, ${built.digest}`);
    }
    const rows = [];
    for (const { where, project } of combinations) {
      const outcome = await tryCase(workshop, where, project, references.get(project));
      rows.push([where.name, project, ...outcome.cells]);
      say([where.name, project, ...outcome.cells, ...outcome.details].join('\n  '));
    }
    const cases = all.map(({ where, project }) => [where.name, project]);
    if (keep) writeRows({ ...PART, cases }, rows);
    return rows.every((row) => row[4] === 'yes' && !/differ|fail/.test(row[6]));
  } finally {
    await workshop.close();
  }
}

async function tryCase(workshop, where, project, reference) {
  const repository = `${workshop.registry.host}/${where.name.replaceAll(/\W+/g, '-')}/${project}`;
  const built = await buildInside(workshop, where, project, repository);
  const output = built.stdout + built.stderr;
  const chosen = chosenLine(output);
  const seconds = built.seconds.toFixed(0);
  if (built.code !== 0) {
    const reason = /^Error: (.*)$/m.exec(output)?.[1] ?? `exit code ${built.code}`;
    return {
      cells: [chosen, seconds, 'no', '–', `the build failed: ${reason}`],
      details: [lastLines(output, 25)],
    };
  }
  const image = await builtImage(repository);
  const tree = await unpack(image.reference, join(workshop.directory, 'unpacked'));
  const { entries, differences, excused } = await compareTrees(reference.tree, tree, VOLATILE);
  const same = image.layers.filter((layer, index) => layer === reference.layers[index]).length;
  const shown = await show(image.reference, project);
  const files =
    differences.length === 0
      ? `${entries} equal, ${excused.length} volatile`
      : `${differences.length} differ`;
  const layers = `${same} of ${reference.layers.length}`;
  return {
    cells: [chosen, seconds, shown.right ? 'yes' : 'no', layers, files],
    details: [
      ...differences.slice(0, 30),
      ...(project === 'packages' ? [] : await firstDifferentLayer(reference, image)),
      ...(shown.right ? [] : [shown.output]),
      image.digest,
    ],
  };
}

/** What a build says that it chose: the paragraph behind its version, as one line. */
function chosenLine(output) {
  const told = /^Version: .*\n([\s\S]*?)(?=\n\n|\n[^\w\n]|\nWARNING)/m.exec(output);
  return told?.[1]?.replaceAll(/\s+/g, ' ').trim() || 'not told';
}

async function buildInside(workshop, where, project, repository) {
  const home = join(workshop.directory, 'writable', `${where.name.replaceAll(/\W+/g, '-')}-${project}`);
  mkdirSync(join(home, 'tmp'), { recursive: true });
  for (const path of [home, join(home, 'tmp')]) {
    chownSync(path, where.user, where.user);
    chmodSync(path, 0o755);
  }
  // Root keeps its store where it is by default; a user has one writable directory.
  const own = where.user === 0 ? {} : { HOME: '/writable', TMPDIR: '/writable/tmp' };
  const environment = Object.entries({ ...own, ...ANY_OWNER, ...(where.env ?? {}) });
  const mirror = `http://${workshop.registry.host}`;
  return run(equipment('ci-container'), [
    ...['--seccomp', where.seccomp, '--user', String(where.user)],
    ...(where.readOnly ? ['--read-only'] : []),
    ...[
      '--volume',
      `${workshop.slipway}:/opt/slipway:ro`,
      '--volume',
      `${workshop.project(project)}:/project:ro`,
    ],
    ...(where.user === 0 ? [] : ['--volume', `${home}:/writable`]),
    ...environment.flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...['--workdir', '/project', 'ci', '/opt/slipway/bin/slipway', 'build'],
    ...['--repo', repository, '--container-registry-mirror', mirror],
  ]);
}

async function show(reference, project) {
  const { command, prints } = SHOWS[project];
  const args = command.length > 0 ? command : ['/usr/local/bin/run.sh'];
  const user = project === 'packages' ? '0' : project === 'no-run' ? '1000' : '1234';
  const { code, stdout, stderr } = await run(equipment('ci-container'), ['--user', user, reference, ...args]);
  return { right: code === 0 && prints.test(stdout), output: `${stdout}${stderr}` };
}
