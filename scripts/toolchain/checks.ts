import { ansibleModules } from '../../src/config/reading/ansible-modules.ts';
import type { Variant } from './content.ts';
import { PREFIX } from './prefix.ts';

/** A command in a sandbox and what it must print somewhere. */
export interface Check {
  readonly name: string;
  readonly command: readonly string[];
  readonly prints: RegExp;
}

const BIN = `${PREFIX}/embedded/bin`;

/** What an image may set to break programs that are not its own; `/hostile` holds libraries that are none. */
export const HOSTILE: Readonly<Record<string, string>> = {
  PATH: `${PREFIX}/ansible_tools_overlay/bin:${PREFIX}/embedded/sbin:${BIN}`,
  LC_ALL: 'C.UTF-8',
  HOME: '/root',
  LD_PRELOAD: '/hostile/preloaded.so',
  LD_LIBRARY_PATH: '/hostile',
  LD_AUDIT: '/hostile/audit.so',
  LD_DEBUG: 'libs',
  PYTHONHOME: '/hostile',
  PYTHONPATH: '/hostile',
  BASH_ENV: '/hostile/start',
  OPENSSL_CONF: '/hostile/openssl.cnf',
};

/** Files below `/hostile`. */
export const HOSTILE_FILES: Readonly<Record<string, string>> = {
  'libc.so.6': 'this is no library',
  'libm.so.6': 'this is no library',
  'libz.so.1': 'this is no library',
  'preloaded.so': 'this is no library',
  'audit.so': 'this is no library',
  'encodings/__init__.py': 'raise SystemExit(9)\n',
  start: 'exit 9\n',
};

const shell = (name: string, script: string, prints: RegExp): Check => ({
  name,
  command: [`${BIN}/bash`, '-pc', script],
  prints,
});

const ROUND_TRIP = `cd /tmp && for way in z j J -zstd; do tar -C /hostile -c -$way -f archive start && tar -tf archive; done`;

const BASE: readonly Check[] = [
  { name: 'bash', command: [`${BIN}/bash`, '-pc', 'x=äöü; echo ${#x} $((6 * 7))'], prints: /^3 42$/m },
  { name: 'ls', command: [`${BIN}/ls`, '/'], prints: /^tmp$/m },
  { name: 'find', command: [`${BIN}/find`, '/hostile', '-name', 'start'], prints: /^\/hostile\/start$/m },
  { name: 'sed', command: [`${BIN}/sed`, 's/exit/leave/', '/hostile/start'], prints: /^leave 9$/m },
  { name: 'awk', command: [`${BIN}/awk`, 'BEGIN { print 40 + 2 }'], prints: /^42$/m },
  { name: 'grep -P', command: [`${BIN}/grep`, '-P', 'ex(?=it)', '/hostile/start'], prints: /^exit 9$/m },
  {
    name: 'tar',
    command: [`${BIN}/tar`, '-C', '/hostile', '-cvf', '/dev/null', 'start'],
    prints: /^start$/m,
  },
  { name: 'xz', command: [`${BIN}/xz`, '--version'], prints: /^liblzma/m },
  {
    name: 'stat',
    command: [`${BIN}/stat`, '--format', '%n %s', '/hostile/start'],
    prints: /^\/hostile\/start 7$/m,
  },
  { name: 'setpriv', command: [`${BIN}/setpriv`, '--dump'], prints: /^uid: 0$/m },
  shell('tar compresses without /bin/sh', ROUND_TRIP, /^(start\n){4}/m),
  shell('xargs', 'printf "a\\0b\\0" | xargs --null -n 1 echo', /^a\nb$/m),
  shell('find -exec', 'find /hostile -name start -exec cat {} +', /^exit 9$/m),
  shell(
    'patch',
    'cd /tmp && echo a >x && printf "%s\\n" "--- x" "+++ x" "@@ -1 +1 @@" -a +b | patch -s x && cat x',
    /^b$/m,
  ),
  shell(
    'no library of the image',
    'cat /proc/self/maps | grep "[.]so" | grep -v " /.werf/stapel/" || echo none',
    /^none$/m,
  ),
];

const IMPORTS =
  'import ssl, hashlib, lzma, bz2, zlib, ctypes, uuid, crypt, decimal, apt_pkg, yaml, jinja2, ansible';

const PYTHON: readonly Check[] = [
  {
    name: 'python',
    command: [
      `${BIN}/bash`,
      '-p',
      `${BIN}/python`,
      '-c',
      `${IMPORTS}; from cryptography.hazmat.primitives.asymmetric import ed25519; ed25519.Ed25519PrivateKey.generate(); print(yaml.CSafeLoader.__name__, [line.split()[-1] for line in open('/proc/self/maps') if '.so' in line and ' ${PREFIX}/' not in line])`,
    ],
    prints: /^CSafeLoader \[\]$/m,
  },
];

/** Makes of every module what Ansible sends, which holds all that the module imports. */
const PACK = `
from ansible.executor.module_common import modify_module
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import module_loader
from ansible.template import Templar
templar = Templar(loader=DataLoader())
for name in '${ansibleModules().join(' ')}'.split():
    if name == 'meta': continue
    found = module_loader.find_plugin_with_context(name)
    if not found.resolved: print('missing', name)
    else: modify_module(name, found.plugin_resolved_path, {}, templar, task_vars={'ansible_python_interpreter': '/python'}, module_compression='ZIP_STORED')
print('all are there')
`;

/** @param playbook path in the sandbox */
const ansibleChecks = (playbook: string): readonly Check[] => [
  shell('ansible-playbook --version', 'ansible-playbook --version', /^ansible-playbook \[core 2\./m),
  { name: 'modules of tasks', command: [`${BIN}/python`, '-c', PACK], prints: /^all are there$/m },
  shell('sudo', 'sudo -H -S -n -u "#0" id -u 2>&1 || [ ! -e /etc/passwd ] && echo fine', /^fine$/m),
  shell(
    'a playbook',
    `export ANSIBLE_PYTHON_INTERPRETER=${BIN}/python ANSIBLE_EXECUTABLE=${BIN}/bash SHELL=${BIN}/bash
    export ANSIBLE_PIPELINING=1 ANSIBLE_NOCOLOR=1 ANSIBLE_LOCALHOST_WARNING=0 ANSIBLE_BECOME_EXE=${BIN}/sudo
    unset BASH_ENV; ansible-playbook -i localhost, ${playbook} 2>&1`,
    /ok=\d+ .*unreachable=0 .*failed=0 /,
  ),
];

/** @param playbook path in the sandbox */
export function checksOf(variant: Variant, playbook: string): readonly Check[] {
  return variant === 'base' ? BASE : [...BASE, ...PYTHON, ...ansibleChecks(playbook)];
}
