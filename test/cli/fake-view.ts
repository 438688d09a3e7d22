import type { ProcessView } from '../../src/cli/process-view.ts';
import { type FakeOutput, fakeOutput } from '../ui/fake-output.ts';

export interface FakeView extends ProcessView {
  readonly stdout: FakeOutput;
  readonly stderr: FakeOutput;
}

/** A process that exists only here. */
export function fakeView(args: readonly string[], changes: Partial<ProcessView> = {}): FakeView {
  return {
    args,
    env: {},
    cwd: '/nonexistent',
    program: '/nonexistent/dist/slipway.js',
    platform: 'linux',
    architecture: 'x64',
    nodeVersion: 'v20.0.0',
    homeDirectory: '/nonexistent/home',
    temporaryDirectory: '/nonexistent/tmp',
    signal: new AbortController().signal,
    clock: { now: () => 0, unique: () => 'unique' },
    zoneMinutes: 0,
    terminal: null,
    readInput: async () => '',
    every: () => () => undefined,
    ...changes,
    stdout: fakeOutput(),
    stderr: fakeOutput(),
  };
}
