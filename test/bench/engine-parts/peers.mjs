// Buildah, skopeo and curl, used as their manuals say, with what they do by default.
import { join } from 'node:path';
import { clock, find, run, timed } from './run-program.mjs';

const NAME = 'localhost/bench:latest';

/** @param env PEERS and PATH are read. @returns the programs' paths, '' for what is missing */
export function locatePeers(env) {
  const peers = env.PEERS ? [env.PEERS] : [];
  const path = (env.PATH ?? '').split(':');
  return {
    buildah: find('buildah', peers),
    skopeo: find('skopeo', [...peers, ...path]),
    curl: find('curl', path),
  };
}

/** The commit of a container whose files are there already, not mounted any more. */
export function buildahCommit({ buildah, work }, store, contents) {
  const call = (...args) => run(buildah, args, store.env);
  const container = call('from', 'scratch');
  run('cp', ['-a', contents, join(call('mount', container), 'data')], store.env);
  call('umount', container);
  return timed(work, buildah, ['commit', '-q', container, NAME], store.env);
}

export function buildahPush({ buildah, work }, store, address) {
  const args = ['push', '-q', '--tls-verify=false', NAME, `docker://${address}/bench:latest`];
  return timed(work, buildah, args, store.env);
}

/** A container of the image, and `true` in it so many times. */
export function buildahSteps({ buildah }, store, image, count) {
  // Where root may not raise limits, Buildah fails unless the present ones are asked for.
  const limits = ['nofile', 'nproc'].flatMap((name) => ['--ulimit', `${name}=${hardLimit(name)}`]);
  const from = ['from', '--pull-never', '--isolation', 'chroot', ...limits, image];
  run('sync', [], store.env);
  const seconds = clock(() => {
    const container = run(buildah, from, store.env);
    for (let i = 0; i < count; i++) {
      run(buildah, ['run', '--isolation', 'chroot', container, '--', 'true'], store.env);
    }
  });
  return { seconds };
}

export function skopeoPush({ skopeo, work }, store, address) {
  const from = `containers-storage:[overlay@${store.graph}+${store.runRoot}]${NAME}`;
  const flags = ['-q', '--dest-tls-verify=false', '--dest-no-creds'];
  const args = ['--insecure-policy', 'copy', ...flags, from, `docker://${address}/bench:latest`];
  return timed(work, skopeo, args, store.env);
}

/** Nothing but the bytes of a blob: what no push can be faster than. */
export function bareUpload({ curl, work }, store, { file, digest }, address) {
  const script = `
    location=$("$1" -fsS -X POST -o /dev/null -w '%header{location}' "http://$4/v2/bench/blobs/uploads/")
    case $location in *'?'*) separator='&' ;; *) separator='?' ;; esac
    "$1" -fsS -H 'Expect:' -H 'Content-Type: application/octet-stream' -T "$2" "$location$separator""digest=$3"`;
  return timed(work, 'sh', ['-euc', script, 'sh', curl, file, digest, address], store.env);
}

function hardLimit(name) {
  const option = { nofile: '-Hn', nproc: '-Hu' }[name];
  const limit = run('bash', ['-c', `ulimit ${option}`]);
  return `${limit}:${limit}`;
}
