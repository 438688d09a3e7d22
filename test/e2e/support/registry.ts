import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real registry on loopback that holds the base images `busybox:latest` and `debian:latest`. */
export interface TestRegistry {
  /** `127.0.0.1:PORT`, or at the address asked for. */
  readonly host: string;
  tags(repository: string): readonly string[];
  /** Those of stages alone. */
  stages(repository: string): readonly string[];
  /** Output of `skopeo inspect`; with `--config` or `--raw` as given. */
  inspect(reference: string, ...options: string[]): Record<string, unknown>;
  /** Requests since the start, as `METHOD path`. */
  requests(): readonly string[];
  stop(): Promise<void>;
}

export interface RegistryOptions {
  /** Demands this user and password. */
  readonly login?: { readonly user: string; readonly password: string };
  /** Leaves out the base images. */
  readonly empty?: boolean;
  /** Another build of distribution; by default Debian's. */
  readonly program?: string;
  /** false: nothing can be deleted. */
  readonly deletion?: boolean;
  /** Where it listens. */
  readonly address?: string;
  /** Files; speaks HTTPS then. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

const LAYOUT = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'slipway',
  'test-images',
  'oci-1',
);

export async function startRegistry({
  login,
  empty = false,
  program = 'docker-registry',
  deletion = true,
  address = '127.0.0.1',
  tls,
}: RegistryOptions = {}): Promise<TestRegistry> {
  const directory = await mkdtemp(join(tmpdir(), 'slipway-registry-'));
  const port = await freePort();
  const host = `${address}:${port}`;
  const auth = login ? `auth: {htpasswd: {realm: test, path: ${directory}/htpasswd}}\n` : '';
  if (login) {
    const entry = execFileSync('htpasswd', ['-Bbn', login.user, login.password], { encoding: 'utf8' });
    await writeFile(join(directory, 'htpasswd'), entry);
  }
  const secure = tls ? `, tls: {certificate: ${tls.certificate}, key: ${tls.key}}` : '';
  await writeFile(
    join(directory, 'config.yml'),
    `version: 0.1\nlog: {level: warn, formatter: json}\nstorage: {filesystem: {rootdirectory: ${directory}/data}, delete: {enabled: ${deletion}}}\nhttp: {addr: "${host}"${secure}}\n${auth}`,
  );
  const log: string[] = [];
  const child = spawn(program, ['serve', join(directory, 'config.yml')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
  });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => log.push(data.toString()));
  await answering(host, child, log);
  const creds = login ? [`--creds=${login.user}:${login.password}`] : ['--no-creds'];
  if (!empty) {
    for (const name of ['busybox', 'debian']) {
      const destination = login ? [`--dest-creds=${login.user}:${login.password}`] : [];
      execFileSync('skopeo', [
        '--insecure-policy',
        'copy',
        '-q',
        '--dest-tls-verify=false',
        ...destination,
        `oci:${LAYOUT}:${name}`,
        `docker://${host}/${name}:latest`,
      ]);
    }
  }
  const skopeo = (...args: string[]) =>
    JSON.parse(
      execFileSync('skopeo', [...args, '--tls-verify=false', ...creds], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
  const tags = (repository: string): readonly string[] => {
    try {
      return skopeo('list-tags', `docker://${host}/${repository}`).Tags.sort();
    } catch {
      return [];
    }
  };
  return {
    host,
    tags,
    stages: (repository) => tags(repository).filter((tag) => /^[0-9a-f]{56}-\d{13}$/.test(tag)),
    inspect: (reference, ...options) => skopeo('inspect', ...options, `docker://${reference}`),
    requests: () =>
      log
        .join('')
        .split('\n')
        .flatMap((line) => {
          const [, method, path] = /"(GET|HEAD|PUT|POST|PATCH|DELETE) (\S+) HTTP/.exec(line) ?? [];
          return method === undefined ? [] : [`${method} ${path}`];
        }),
    async stop() {
      await ended(child);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function answering(host: string, child: ChildProcess, log: readonly string[]): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`docker-registry ended: ${log.join('')}`);
    if (
      await fetch(`http://${host}/v2/`).then(
        () => true,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`docker-registry does not answer on ${host}`);
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill();
  });
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
