import { z } from 'zod';
import { Text, Texts } from './leaf.ts';
import { section } from './section.ts';

const CACHE_FIELDS = {
  cacheVersion: Text.optional().describe('Any text; another one runs all user stages again.'),
  beforeInstallCacheVersion: Text.optional().describe('The same from `beforeInstall` on.'),
  installCacheVersion: Text.optional().describe('The same from `install` on.'),
  beforeSetupCacheVersion: Text.optional().describe('The same from `beforeSetup` on.'),
  setupCacheVersion: Text.optional().describe('The same from `setup` on.'),
};

/** `shell`. */
export const ShellSection = section({
  beforeInstall: Texts.optional().describe('Commands that need no files of the project.'),
  install: Texts.optional().describe('Commands.'),
  beforeSetup: Texts.optional().describe('Commands.'),
  setup: Texts.optional().describe('Commands.'),
  ...CACHE_FIELDS,
});

const Tasks = z.array(z.unknown(), { error: 'expected a list of Ansible tasks' });

/** `ansible`; its tasks are judged apart. */
export const AnsibleSection = section({
  beforeInstall: Tasks.optional().describe('Tasks that need no files of the project.'),
  install: Tasks.optional().describe('Tasks.'),
  beforeSetup: Tasks.optional().describe('Tasks.'),
  setup: Tasks.optional().describe('Tasks.'),
  ...CACHE_FIELDS,
});
export type ShellSection = z.infer<typeof ShellSection>;
export type AnsibleSection = z.infer<typeof AnsibleSection>;
