import { describe, expect, it } from 'vitest';
import { run } from '../../src/cli/run.ts';
import { fakeView } from './fake-view.ts';

async function slipway(...args: string[]) {
  const view = fakeView(['slugify', ...args]);
  const exitCode = await run(view);
  return { exitCode, stdout: view.stdout.text(), stderr: view.stderr.text() };
}

describe('slugify', () => {
  it('prints the slug for a format, by its long and its short name', async () => {
    expect(await slipway('helo/ehlo', '-f', 'docker-tag')).toMatchObject({
      exitCode: 0,
      stdout: 'helo-ehlo-b6f6ab1f\n',
    });
    expect((await slipway('--format=ns', 'My_branch')).stdout).toBe('my-branch-8ebf2d1d\n');
    expect((await slipway('v1.0', '-f', 'tag')).stdout).toBe('v1.0\n');
    expect((await slipway('-f', 'r', '--', 'a')).exitCode).toBe(1);
  });

  it('says what is missing or unknown', async () => {
    expect((await slipway('-f', 'docker-tag')).stderr).toContain('slugify needs a STRING');
    expect((await slipway('a')).stderr).toContain('give -f with one of helm-release');
    expect((await slipway('a', '-f', 'docker-tga')).stderr).toContain('did you mean docker-tag?');
  });
});
