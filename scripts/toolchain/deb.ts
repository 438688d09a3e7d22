import { execFileSync } from 'node:child_process';
import { readAr } from './ar.ts';
import { readTar, type TarEntry } from './tar.ts';

/**
 * What a Debian package puts into a file system; needs the program `xz` (or `zstd`).
 * @throws Error naming what is broken
 */
export function readDeb(deb: Buffer): readonly TarEntry[] {
  const data = readAr(deb).find(({ name }) => name.startsWith('data.tar'));
  if (!data) throw new Error('the package has no data.tar');
  return readTar(decompressed(data.name, data.content));
}

function decompressed(name: string, content: Buffer): Buffer {
  if (name === 'data.tar') return content;
  const program = { 'data.tar.xz': 'xz', 'data.tar.zst': 'zstd', 'data.tar.gz': 'gzip' }[name];
  if (!program) throw new Error(`the package is compressed in an unknown way: ${name}`);
  return execFileSync(program, ['-dc'], { input: content, maxBuffer: 2 ** 30 });
}
