import { readFile } from 'node:fs/promises';
import { pack } from 'tar-stream';
import { buildahEngine } from '../../src/engine/buildah/buildah-engine.ts';
import type { BuildSource, DockerfileBuild, OpenedStore, Waiting } from '../../src/engine/engine.ts';
import type { UserTerminal } from '../../src/engine/terminal-link.ts';
import { parsePlatform } from '../../src/oci/platform.ts';
import { realEngine } from '../helper/real-engine.ts';

export const never = new AbortController().signal;
export const EPOCH = 1_700_000_000;
/** A shell and tools in one static program (Debian's busybox-static). */
const BUSYBOX = '/bin/busybox';
export const BASE = 'FROM scratch\nCOPY busybox /bin/busybox\nCOPY hello.txt /hello.txt\n';

export function patient(over: Partial<Waiting> = {}): Waiting {
  return { signal: never, onLine: () => undefined, onBytes: () => undefined, ...over };
}

/** What the two COPY of BASE take, in this order. */
const FILES = [
  { path: BUSYBOX, name: 'busybox', mode: 0o755 },
  { path: null, name: 'hello.txt', mode: 0o644 },
] as const;

/** The context of BASE with this text in hello.txt. */
export function contextWith(text: string): BuildSource {
  return {
    checksums: ['sum of busybox', `sum of ${text}`],
    async write(part, sink) {
      const tar = pack();
      const entry = { uid: 0, gid: 0, mtime: new Date(EPOCH * 1000) };
      for (const { path, name, mode } of part === 'all' ? FILES : FILES.slice(part, part + 1)) {
        tar.entry({ ...entry, name, mode }, path === null ? text : await readFile(path));
      }
      tar.finalize();
      for await (const piece of tar) sink.write(piece);
      sink.end();
    },
  };
}

export const CONTEXT = contextWith('hello\n');

export function building(dockerfile: string, over: Partial<DockerfileBuild> = {}): DockerfileBuild {
  const platform = parsePlatform('linux/amd64');
  if (platform === null) throw new Error('linux/amd64 is a platform');
  return {
    dockerfile,
    dockerfileName: 'Dockerfile',
    context: CONTEXT,
    uploadTo: '',
    target: '',
    buildArgs: new Map(),
    platform,
    addHosts: [],
    network: 'host',
    secrets: new Map(),
    sshAgents: new Map(),
    sourceDateEpoch: EPOCH,
    ...over,
  };
}

/** @param terminal where the user sits */
export async function buildah(terminal: UserTerminal | null = null) {
  const real = await realEngine();
  const opened: OpenedStore[] = [];
  const workshop = buildahEngine({
    engine: real.engine,
    runDirectory: async () => real.runDirectory,
    open: { driver: '', mode: 'native-chroot', runtime: '', ulimits: [], compression: '', blobCache: 0 },
    onOpened: (store) => opened.push(store),
    terminal,
    onTerminal: () => undefined,
  });
  return { ...real, ...workshop, opened };
}
