import { readDoctor } from './doctor-report.mjs';
import { writeRows } from './document.mjs';
import { builtImage, firstDifferentLayer } from './image.mjs';
import { expected, KERNELS, SETTINGS, USERS } from './kernel-cases.mjs';
import { lastLines, run } from './run.mjs';
import { reasonOf } from './volatile.mjs';
import { buildOnHost, equipment, openWorkshop } from './workshop.mjs';

/** Where the virtual machine finds this one's loopback. */
const OUTSIDE = '10.0.2.2';
const PROJECTS = ['multi-stage', 'no-run'];

const PART = {
  name: 'kernels',
  title: 'On kernels',
  heads: [
    'kernel',
    'user',
    'setting',
    'rung',
    'driver',
    'with RUN',
    'without RUN',
    'seconds',
    'first advice',
    'as it must be',
  ],
  keys: 3,
  after: `The machine is Debian 12 with git, uidmap, runc and fuse-overlayfs, emulated, so seconds (of the whole run of the machine) say
little. "The same layers": as root built them on the host.`,
};

/**
 * Runs doctor and builds on each kernel as root and as a user, under each setting, and judges what was chosen.
 * @param {(name: string) => boolean} wanted by `KERNEL/USER/SETTING`
 * @param {(line: string) => void} say
 * @param {boolean} keep whether the table in docs/ is written
 * @returns {Promise<boolean>} whether all was right
 */
export async function runKernels(wanted, say, keep) {
  const all = KERNELS.flatMap((kernel) =>
    USERS.flatMap((user) => SETTINGS.map((setting) => ({ kernel, user, setting }))),
  );
  const combinations = all.filter(({ kernel, user, setting }) => wanted(`${kernel}/${user}/${setting.name}`));
  const workshop = await openWorkshop(PROJECTS);
  try {
    const references = new Map();
    for (const name of PROJECTS) references.set(name, await buildOnHost(workshop, name));
    const rows = [];
    for (const combination of combinations) {
      const { cells, details } = await tryMachine(workshop, combination, references);
      const row = [combination.kernel, combination.user, combination.setting.name, ...cells];
      rows.push(row);
      say([row.join(' | '), ...details].join('\n  '));
    }
    const cases = all.map(({ kernel, user, setting }) => [kernel, user, setting.name]);
    if (keep) writeRows({ ...PART, cases }, rows);
    return rows.every((row) => row.at(-1) === 'yes');
  } finally {
    await workshop.close();
  }
}

async function tryMachine(workshop, { kernel, user, setting }, references) {
  const must = expected(setting, user, kernel);
  // Emulated, a large base image takes long: the image without RUN is built where the other cannot be.
  const projects = must.runs || must.driver === null ? ['multi-stage'] : PROJECTS;
  const repository = (host, name) =>
    `${host}:${workshop.registry.port}/${`${kernel}-${user}-${setting.name}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}/${name}`;
  const { code, stdout, stderr, seconds } = await run(equipment('kernel-lab'), [
    ...['--user', user, '--network', '--timeout', '420'],
    ...(setting.modules === undefined ? [] : ['--modules', setting.modules]),
    ...(setting.fuseDevice === false ? ['--no-fuse-device'] : []),
    ...(setting.sysctls ?? []).flatMap((sysctl) => ['--sysctl', sysctl]),
    ...['--volume', `${workshop.slipway}:/opt/slipway`],
    ...projects.flatMap((name) => ['--volume', `${workshop.project(name)}:/projects/${name}`]),
    ...[kernel, 'sh', '-c', script(workshop, setting, projects, (name) => repository(OUTSIDE, name))],
  ]);
  const part = (name) => partOf(stdout, name);
  const doctor = readDoctor(part('doctor').text);
  const told = /^([\w-]+), .*?\bdriver (\S+)/m.exec(part('multi-stage').text);
  const mode = doctor?.mode || told?.[1] || 'not told';
  const driver = doctor?.driver || told?.[2] || 'not told';
  const results = {};
  for (const name of projects) {
    const repositoryHere = repository('127.0.0.1', name);
    results[name] = await resultOf(part(name), repositoryHere, references.get(name), driver);
  }
  const verdict = judge(must, { mode, driver, results });
  const cells = [
    mode,
    driver,
    ...PROJECTS.map((name) => results[name]?.text ?? '–'),
    seconds.toFixed(0),
    doctor?.advice ?? '',
    verdict,
  ];
  const builds = lastLines(projects.map((name) => part(name).text).join('\n'), 30);
  const differences = Object.values(results).flatMap((result) => result.differences ?? []);
  const details =
    verdict === 'yes'
      ? [doctor?.why ?? '']
      : [builds, `exit code ${code}`, lastLines(stderr, 5), ...differences];
  return { cells, details: details.filter((line) => line !== '') };
}

/** What the machine runs: each part between two lines that name it. */
function script(workshop, setting, projects, repository) {
  const { port } = workshop.registry;
  const build = (name) =>
    `echo "== ${name}"; cd /projects/${name} && timeout 200 /opt/slipway/bin/slipway build --repo ${repository(name)} --insecure-registry --container-registry-mirror http://${OUTSIDE}:${port} 2>&1; echo "== ${name} ended $?"`;
  return [
    'git config --global --add safe.directory "*"',
    ...(setting.asked ? [`export WERF_BUILDAH_STORAGE_DRIVER=${setting.asked}`] : []),
    'echo "== doctor"; timeout 100 /opt/slipway/bin/slipway doctor --json 2>&1; echo "== doctor ended $?"',
    ...projects.map(build),
  ].join('\n');
}

/** @returns {{ text: string, code: number | null }} code null: the part did not end */
function partOf(output, name) {
  const start = output.indexOf(`== ${name}\n`);
  const end = new RegExp(`^== ${name} ended (\\d+)$`, 'm').exec(output);
  if (start < 0) return { text: '', code: null };
  return {
    text: output.slice(start, end?.index ?? output.length),
    code: end ? Number(end[1]) : null,
  };
}

async function resultOf({ text, code }, repository, reference, driver) {
  if (code === null) return { built: false, text: 'did not end' };
  if (code !== 0) return { built: false, text: /^Error: (.*)$/m.exec(text)?.[1] ?? `exit code ${code}` };
  const image = await builtImage(repository);
  const same = image.layers.filter((layer, index) => layer === reference.layers[index]).length;
  if (same === reference.layers.length) return { built: true, equal: true, text: 'the same layers' };
  const differences = await firstDifferentLayer(reference, image);
  const told = `${same} of ${image.layers.length} layers the same`;
  const reason = reasonOf(driver, differences);
  if (reason !== '') return { built: true, equal: true, text: `${told}: ${reason}` };
  return { built: true, equal: false, text: told, differences };
}

/** @returns 'yes', or what is not as it must be */
function judge(must, { mode, driver, results }) {
  const wrong = [];
  const refused = must.driver === null;
  if (!refused && mode !== must.mode) wrong.push(`rung ${must.mode}`);
  if (!refused && must.driver !== '' && driver !== must.driver) wrong.push(`driver ${must.driver}`);
  if (results['multi-stage'].built !== must.runs) wrong.push(must.runs ? 'RUN works' : 'refused');
  if (results['no-run']?.built === false) wrong.push('an image without RUN');
  if (Object.values(results).some(({ equal }) => equal === false)) wrong.push('the same layers');
  return wrong.length === 0 ? 'yes' : `no: must be ${wrong.join(', ')}`;
}
