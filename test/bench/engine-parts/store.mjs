// Storages of containers/storage, one per contestant and measurement, with nothing in them.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes an empty storage of overlay; `env` is that of programs that shall use it, and knows no other. */
export function emptyStore(work, base) {
  const directory = mkdtempSync(join(work, 'store-'));
  const graph = join(directory, 'graph');
  const runRoot = join(directory, 'run');
  const conf = join(directory, 'storage.conf');
  const home = join(directory, 'home');
  mkdirSync(home, { mode: 0o700 });
  writeFileSync(conf, `[storage]\ndriver = "overlay"\ngraphroot = "${graph}"\nrunroot = "${runRoot}"\n`);
  const env = { ...base, CONTAINERS_STORAGE_CONF: conf, HOME: home, XDG_RUNTIME_DIR: home, TMPDIR: home };
  return { directory, graph, runRoot, env };
}

/** Removes a directory with all that is mounted in it. */
export function removeMounted(directory) {
  const mounted = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${directory}/`));
  for (const path of mounted.reverse()) execFileSync('umount', [path]);
  rmSync(directory, { recursive: true, force: true });
}
