import { chmodSync, cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './run.mjs';

const PROJECTS = join(import.meta.dirname, '..', 'projects');
const AUTHORITIES = '/usr/local/share/ca-certificates';
/** Settings of package managers that a machine's network may demand. */
const SETTINGS =
  /^(?:https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY|PIP_(?:INDEX_URL|EXTRA_INDEX_URL|TRUSTED_HOST|DEFAULT_TIMEOUT)|npm_config_registry)$/;
const WHEN = '2026-01-01T00:00:00Z';

/**
 * Makes a git repository of one of the sample projects; equal ones have equal commits on one machine.
 * What this machine's network needs is put into its directory `site`, never into this repository.
 * @param {string} name multi-stage, packages or no-run
 * @param {string} target directory that does not exist yet
 */
export async function makeProject(name, target) {
  cpSync(join(PROJECTS, name), target, { recursive: true, verbatimSymlinks: true });
  chmodSync(target, 0o755);
  if (name === 'packages') fillSite(join(target, 'site'));
  const git = (...args) =>
    must('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], {
      cwd: target,
      env: { ...process.env, GIT_AUTHOR_DATE: WHEN, GIT_COMMITTER_DATE: WHEN },
    });
  await git('init', '--quiet', '--initial-branch', 'main');
  await git('add', '.');
  await git('commit', '--quiet', '--message', 'A sample project');
}

function fillSite(site) {
  mkdirSync(site);
  const lines = Object.entries(process.env)
    .filter(([name]) => SETTINGS.test(name))
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`);
  writeFileSync(join(site, 'environment'), `${['# settings of this network', ...lines.sort()].join('\n')}\n`);
  for (const file of certificatesOf(AUTHORITIES)) {
    cpSync(join(AUTHORITIES, file), join(site, file), { dereference: true });
    chmodSync(join(site, file), 0o644);
  }
}

function certificatesOf(directory) {
  try {
    return readdirSync(directory).filter((file) => file.endsWith('.crt'));
  } catch {
    return [];
  }
}
