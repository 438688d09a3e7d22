import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const run = promisify(execFile);

describe('scripts/slipway', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'checkout '));
    await mkdir(join(root, 'scripts'));
    await copyFile(
      join(import.meta.dirname, '..', '..', 'scripts', 'slipway'),
      join(root, 'scripts', 'slipway'),
    );
    await chmod(join(root, 'scripts', 'slipway'), 0o755);
  });
  afterEach(() => rm(root, { recursive: true }));

  it('runs the build of its checkout from any directory, also through a link', async () => {
    await mkdir(join(root, 'dist'));
    await writeFile(join(root, 'dist', 'slipway.js'), 'console.log(JSON.stringify(process.argv.slice(2)))');
    await symlink(join(root, 'scripts', 'slipway'), join(root, 'link'));
    for (const program of [join(root, 'scripts', 'slipway'), join(root, 'link')]) {
      const { stdout } = await run(program, ['build', 'a b', ''], { cwd: '/' });
      expect(JSON.parse(stdout)).toEqual(['build', 'a b', '']);
    }
  });

  it('says how to build what is missing', async () => {
    await expect(run(join(root, 'scripts', 'slipway'), ['version'])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('npm run build'),
    });
  });
});
