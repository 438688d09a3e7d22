import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { trimCollections } from '../../scripts/toolchain/collections.ts';
import { file, fileAt, type Tree } from '../../scripts/toolchain/tree.ts';

const PACKAGES = 'embedded/lib/python3/dist-packages';
const GENERAL = `${PACKAGES}/ansible_collections/community/general`;
const ROUTES = `${PACKAGES}/ansible/config/ansible_builtin_runtime.yml`;

const route = (name: string) => `    ${name}: {redirect: community.general.${name}}\n`;

function ansible(): Tree {
  const files = {
    [`${PACKAGES}/ansible/modules/copy.py`]: '',
    [ROUTES]: `plugin_routing:\n  modules:\n${route('ini_file')}${route('gem')}${route('gone')}  filter:\n${route('some')}`,
    [`${PACKAGES}/ansible_collections/__init__.py`]: '',
    [`${PACKAGES}/ansible_collections/other/one/plugins/modules/x.py`]: '',
    [`${GENERAL}/meta/runtime.yml`]: `requires_ansible: '>=2.11'\nplugin_routing:\n  modules:\n${route('old')}`,
    [`${GENERAL}/plugins/modules/ini_file.py`]:
      'from ansible_collections.community.general.plugins.module_utils.mh.helper import (\n    Helper, Other as X\n)\n',
    [`${GENERAL}/plugins/modules/gem.py`]: '',
    [`${GENERAL}/plugins/module_utils/mh/__init__.py`]: '',
    [`${GENERAL}/plugins/module_utils/mh/helper.py`]: 'from ..cmd import run\nfrom . import extra, unknown\n',
    [`${GENERAL}/plugins/module_utils/mh/extra.py`]: 'import os\n',
    [`${GENERAL}/plugins/module_utils/cmd.py`]: '',
    [`${GENERAL}/plugins/module_utils/unused.py`]: '',
  };
  return new Map(Object.entries(files).map(([path, text]) => [path, file(text)]));
}

describe('the collections of Ansible', () => {
  it('are left with the modules of tasks and all that these import', () => {
    const tree = ansible();
    expect(trimCollections(tree, ['copy', 'ini_file', 'meta'])).toEqual([
      ROUTES,
      `${GENERAL}/meta/runtime.yml`,
    ]);
    expect([...tree.keys()].filter((path) => path.includes('_collections/')).sort()).toEqual(
      [
        `${PACKAGES}/ansible_collections/__init__.py`,
        `${GENERAL}/meta/runtime.yml`,
        `${GENERAL}/plugins/module_utils/cmd.py`,
        `${GENERAL}/plugins/module_utils/mh/__init__.py`,
        `${GENERAL}/plugins/module_utils/mh/extra.py`,
        `${GENERAL}/plugins/module_utils/mh/helper.py`,
        `${GENERAL}/plugins/modules/ini_file.py`,
      ].sort(),
    );
  });

  it('are found by the routes to what is left alone', () => {
    const tree = ansible();
    trimCollections(tree, ['ini_file']);
    const routes = (path: string) => parse(fileAt(tree, path)?.content.toString() ?? '');
    expect(routes(ROUTES)).toEqual({
      plugin_routing: { modules: { ini_file: { redirect: 'community.general.ini_file' } } },
    });
    expect(routes(`${GENERAL}/meta/runtime.yml`)).toEqual({ requires_ansible: '>=2.11', plugin_routing: {} });
  });

  it('must have every module', () => {
    expect(() => trimCollections(ansible(), ['gone', 'copy', 'never'])).toThrow(
      'Ansible has no module gone, never',
    );
  });
});
