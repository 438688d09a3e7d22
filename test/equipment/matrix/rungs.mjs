import { execFileSync } from 'node:child_process';
import { writeRows } from './document.mjs';
import { builtImage, firstDifferentLayer } from './image.mjs';
import { lastLines } from './run.mjs';
import { reasonOf } from './volatile.mjs';
import { buildOnHost, openWorkshop, tryOnHost } from './workshop.mjs';

const PROJECTS = ['multi-stage', 'no-run'];
const MODES = ['native-rootless', 'native-chroot', 'plain-chroot'];
const DRIVERS = ['overlay', 'fuse-overlayfs', 'vfs', 'plain'];
/** Ordinary users with subordinate ids and without; made where they are missing. */
const USERS = { user: 'slipway-test', 'user of one id': 'slipway-test-single' };

const PART = {
  name: 'rungs',
  title: 'On all rungs and drivers',
  heads: ['user', 'mode', 'driver', 'project', 'seconds', 'layers'],
  keys: 4,
  after:
    'All on one machine; compared with the layers that root builds there with what is chosen by default.',
};

/** Whether a combination can work at all. */
function isPossible({ user, mode, driver }) {
  if (user === 'user of one id') return mode === 'native-chroot' && driver === 'plain';
  if (mode === 'plain-chroot') return user === 'root' && ['plain', 'vfs'].includes(driver);
  return true;
}

/**
 * Builds the projects whose output is fixed on each rung with each driver, as root and as a user of this machine.
 * @param {(name: string) => boolean} wanted by `USER/MODE/DRIVER/PROJECT`
 * @param {(line: string) => void} say
 * @param {boolean} keep whether the table in docs/ is written
 * @returns {Promise<boolean>} whether all layers were equal
 */
export async function runRungs(wanted, say, keep) {
  const all = ['root', ...Object.keys(USERS)]
    .flatMap((user) => MODES.flatMap((mode) => DRIVERS.map((driver) => ({ user, mode, driver }))))
    .filter(isPossible)
    .flatMap((where) => PROJECTS.map((project) => ({ ...where, project })));
  const names = ({ user, mode, driver, project }) => [user, mode, driver, project];
  const combinations = all.filter((combination) => wanted(names(combination).join('/')));
  const workshop = await openWorkshop(PROJECTS);
  try {
    const references = new Map();
    for (const project of PROJECTS) references.set(project, await buildOnHost(workshop, project));
    const rows = [];
    let right = true;
    for (const combination of combinations) {
      const { cells, details, ...outcome } = await tryRung(
        workshop,
        combination,
        references.get(combination.project),
      );
      right &&= outcome.right ?? cells.at(-1) === 'equal';
      rows.push([...names(combination), ...cells]);
      say([[...names(combination), ...cells].join(' | '), ...details].join('\n  '));
    }
    if (keep) writeRows({ ...PART, cases: all.map(names) }, rows);
    return right;
  } finally {
    await workshop.close();
  }
}

async function tryRung(workshop, { user, mode, driver, project }, reference) {
  const { code, output, repository, seconds } = await tryOnHost(workshop, project, {
    label: [user, mode, driver].join('-').replaceAll(' ', '-'),
    env: { WERF_BUILDAH_MODE: mode, WERF_BUILDAH_STORAGE_DRIVER: driver },
    ...(user === 'root' ? {} : { user: ordinaryUser(user) }),
  });
  const time = seconds.toFixed(1);
  if (code !== 0) {
    const reason = /^Error: (.*)$/m.exec(output)?.[1] ?? `exit code ${code}`;
    return { cells: [time, `failed: ${reason}`], details: [lastLines(output, 12)] };
  }
  const image = await builtImage(repository);
  const same = image.layers.filter((layer, index) => layer === reference.layers[index]).length;
  if (same === reference.layers.length) return { cells: [time, 'equal'], details: [] };
  const details = await firstDifferentLayer(reference, image);
  const text = `${same} of ${reference.layers.length} equal`;
  const reason = reasonOf(driver, details);
  if (reason !== '') return { cells: [time, `${text}: ${reason}`], details: [], right: true };
  return { cells: [time, text], details };
}

function ordinaryUser(kind) {
  const name = USERS[kind];
  const id = (flag) =>
    Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { name, uid: id('-u'), gid: id('-g') };
  } catch {
    const ranges = kind === 'user' ? ['--add-subids-for-system'] : [];
    execFileSync('useradd', ['--system', '--no-create-home', ...ranges, '--shell', '/bin/sh', name]);
    return { name, uid: id('-u'), gid: id('-g') };
  }
}
