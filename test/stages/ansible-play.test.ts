import { describe, expect, it } from 'vitest';
import type { AnsibleInstructions, AnsibleTask } from '../../src/config/stapel-parts.ts';
import { ansibleInputs, ansiblePlay } from '../../src/stages/ansible-play.ts';
import { block, step } from './ansible-tasks.ts';

const OPTIONS = { title: 'install', token: 'werf-1', color: false, furtherArguments: '' };

function instructions(install: readonly AnsibleTask[], change: Partial<AnsibleInstructions> = {}) {
  return {
    kind: 'ansible',
    tasks: { beforeInstall: [], install, beforeSetup: [], setup: [] },
    cacheVersion: 'all',
    stageCacheVersions: { beforeInstall: '', install: 'own', beforeSetup: '', setup: '' },
    ...change,
  } as const;
}

describe('the files of a play', () => {
  const play = ansiblePlay([step('command', { command: 'make' })], OPTIONS);
  const content = (name: string) =>
    play.files.find(({ target }) => target.endsWith(`/${name}`))?.content ?? '';

  it('lie in one directory, and Ansible writes into another', () => {
    expect(play.files.every(({ target }) => target.startsWith('/.werf/ansible-workdir/'))).toBe(true);
    const settings = content('ansible.cfg');
    for (const [, path] of settings.matchAll(
      /^(?:home|local_tmp|remote_tmp|system_tmpdirs|async_dir) = (.*)$/gm,
    ))
      expect(path).toMatch(/^\/\.werf\/ansible-tmp\//);
    expect(settings.match(/ansible-tmp/g)).toHaveLength(5);
  });

  it('tell the callback its mark', () => {
    expect(content('ansible.cfg')).toContain('[callback_slipway]\ntoken = werf-1\n');
    expect(content('slipway.py')).toContain('SPDX-License-Identifier: GPL-3.0-or-later');
  });

  it('force colours or forbid them', () => {
    expect(content('start')).toContain('ANSIBLE_NOCOLOR=1');
    const colored = ansiblePlay([], { ...OPTIONS, color: true });
    expect(colored.files.find(({ target }) => target.endsWith('/start'))?.content).toContain('FORCE_COLOR=1');
  });

  it('are started by a program among them', () => {
    const program = play.command.at(-1);
    expect(play.files.find(({ target }) => target === program)?.executable).toBe(true);
    expect([...play.env]).toEqual([]);
    const { env } = ansiblePlay([], { ...OPTIONS, furtherArguments: '-vvv' });
    expect([...env]).toEqual([['WERF_DEBUG_ANSIBLE_ARGS', '-vvv']]);
  });
});

describe('what decides a stage of tasks', () => {
  it('is their JSON with sorted keys, the cache versions, and the checksums', () => {
    const tasks = [
      step('copy', { name: 'b', copy: { dest: '/x', content: 'é"', mode: 420 } }),
      block({ when: null }, { block: [step('meta', { meta: 'noop' })], always: [] }),
    ];
    expect(ansibleInputs(instructions(tasks), 'install', ['sum'])).toEqual([
      'ansible',
      '[{"copy":{"content":"é\\"","dest":"/x","mode":420},"name":"b"},{"always":[],"block":[{"meta":"noop"}],"when":null}]',
      'own',
      'all',
      'sum',
    ]);
  });

  it('stays the same when keys change their order or tasks their lines', () => {
    const inputs = (task: AnsibleTask) => ansibleInputs(instructions([task]), 'install', []);
    expect(inputs(step('command', { name: 'a', command: 'b' }, 8))).toEqual(
      inputs(step('command', { command: 'b', name: 'a' }, 9)),
    );
  });

  it('takes no task of another stage', () => {
    expect(ansibleInputs(instructions([step('meta', { meta: 'noop' })]), 'setup', [])).toEqual([
      'ansible',
      '[]',
      '',
      'all',
    ]);
  });
});
