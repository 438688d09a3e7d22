import { TOOLCHAIN_DIRECTORY, TOOLCHAIN_SHELL } from './shell-script.ts';

/** Where build containers see the files of a play. */
export const ANSIBLE_DIRECTORY = '/.werf/ansible-workdir';
/** Where Ansible and its modules write; nothing of it is kept. */
export const ANSIBLE_SCRATCH = '/.werf/ansible-tmp';
export const PLAYBOOK = `${ANSIBLE_DIRECTORY}/playbook.yml`;

const EMBEDDED = `${TOOLCHAIN_DIRECTORY}/embedded`;
const OVERLAY = `${TOOLCHAIN_DIRECTORY}/ansible_tools_overlay/bin`;
const NONE = `${ANSIBLE_DIRECTORY}/none`;

/** One that holds a mark is read by nobody but us. */
export function ansibleSettings(token: string): string {
  return `[defaults]
inventory = ${ANSIBLE_DIRECTORY}/inventory
transport = local
forks = 1
gathering = explicit
stdout_callback = slipway
callback_plugins = ${ANSIBLE_DIRECTORY}/callback_plugins
executable = ${ANSIBLE_DIRECTORY}/sh
interpreter_python = ${ANSIBLE_DIRECTORY}/python
module_compression = ZIP_STORED
home = ${ANSIBLE_SCRATCH}/home
local_tmp = ${ANSIBLE_SCRATCH}/local
remote_tmp = ${ANSIBLE_SCRATCH}/remote
system_tmpdirs = ${ANSIBLE_SCRATCH}/system
async_dir = ${ANSIBLE_SCRATCH}/async
retry_files_enabled = False
localhost_warning = False
devel_warning = False
nocows = True
# What the image may hold for an Ansible of its own is not for this one.
${OWN_PLUGINS.map((kind) => `${kind} = ${NONE}`).join('\n')}

[inventory]
enable_plugins = ini
unparsed_warning = False

[connection]
pipelining = True

[privilege_escalation]
become_exe = ${ANSIBLE_DIRECTORY}/sudo

[callback_slipway]
token = ${token}
`;
}

const OWN_PLUGINS = [
  'action_plugins',
  'become_plugins',
  'cache_plugins',
  'cliconf_plugins',
  'connection_plugins',
  'doc_fragment_plugins',
  'filter_plugins',
  'httpapi_plugins',
  'inventory_plugins',
  'library',
  'lookup_plugins',
  'module_utils',
  'netconf_plugins',
  'roles_path',
  'strategy_plugins',
  'terminal_plugins',
  'test_plugins',
  'vars_plugins',
];

export const INVENTORY = 'localhost ansible_connection=local\n';

const SHEBANG = `#!${TOOLCHAIN_SHELL} -p\n`;
const READ_SETTLING = `. ${ANSIBLE_DIRECTORY}/environment\n`;

/**
 * Programs of the toolchain run without the variables of the image that would disturb them; those wait under other names
 * for the programs of the image.
 */
export const ENVIRONMENT = `settle_for_toolchain() {
  local name
  [ -z "\${STAPEL_SETTLED-}" ] || return 0
  for name in LANG LANGUAGE SHELL \${!LC_@} \${!LD_@} \${!ANSIBLE_@}; do
    [ -n "\${!name+set}" ] || continue
    export "STAPEL_IMAGE_$name=\${!name}"
    unset "$name"
  done
  export LANG=C.UTF-8 LC_ALL=C.UTF-8 SHELL=${TOOLCHAIN_SHELL} STAPEL_SETTLED=1
}
settle_for_image() {
  local name
  [ -n "\${STAPEL_SETTLED-}" ] || return 0
  unset STAPEL_SETTLED LANG LC_ALL SHELL \${!ANSIBLE_@}
  for name in \${!STAPEL_IMAGE_@}; do
    export "\${name#STAPEL_IMAGE_}=\${!name}"
    unset "$name"
  done
}
`;

/** Starts Ansible. Its variables are set anew: what the image sets is for an Ansible of its own. */
export function startScript(color: boolean): string {
  return `${SHEBANG}exec 2>&1
${READ_SETTLING}export HOME="\${HOME:-/root}"
export PATH="${OVERLAY}:\${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}:${EMBEDDED}/sbin:${EMBEDDED}/bin"
further=\${WERF_DEBUG_ANSIBLE_ARGS-}
unset WERF_DEBUG_ANSIBLE_ARGS
settle_for_toolchain
if [ ! -x ${EMBEDDED}/bin/ansible-playbook ]; then
  echo 'the toolchain image holds no Ansible'
  exit ${NO_ANSIBLE}
fi
${EMBEDDED}/bin/mkdir -p -m 1777 ${ANSIBLE_SCRATCH}/{home,local,remote,system,async} || exit
export ANSIBLE_CONFIG=${ANSIBLE_DIRECTORY}/ansible.cfg ${color ? 'ANSIBLE_FORCE_COLOR=1' : 'ANSIBLE_NOCOLOR=1'}
eval "set -- $further"
exec ${EMBEDDED}/bin/ansible-playbook "$@" ${PLAYBOOK}
`;
}

/** Exit status that tells of a toolchain without Ansible. */
export const NO_ANSIBLE = 97;

/** What runs the commands of Ansible's connection. */
export const SHELL_WRAPPER = `${SHEBANG}${READ_SETTLING}settle_for_image
cd /
exec ${TOOLCHAIN_SHELL} "$@"
`;

/** What becomes another user. */
export const SUDO_WRAPPER = `${SHEBANG}${READ_SETTLING}settle_for_toolchain
exec ${EMBEDDED}/bin/sudo "$@"
`;

/** What runs modules: Python is of the toolchain, programs that a module starts are of the image. */
export const PYTHON_WRAPPER = `${SHEBANG}${READ_SETTLING}settle_for_toolchain
case \${1-} in
  -*) exec ${EMBEDDED}/bin/python "$@" ;;
  *) exec ${EMBEDDED}/bin/python ${ANSIBLE_DIRECTORY}/module.py "$@" ;;
esac
`;

export const MODULE_RUNNER = `# Runs a module, from a file or standard input, so that programs which it starts get the variables of the image.
import os
import sys
import tempfile

HIDDEN = 'STAPEL_IMAGE_'


def is_of_language(name):
    return name in ('LANG', 'LANGUAGE') or name.startswith('LC_')


# Ansible overrides a language that its Python does not know, for the programs too: only they are told of it.
for name in [name for name in os.environ if is_of_language(name)]:
    del os.environ._data[os.fsencode(name)]
for name in ('SHELL', 'STAPEL_SETTLED'):
    os.environ.pop(name, None)
for hidden in [name for name in os.environ if name.startswith(HIDDEN)]:
    name, value = hidden[len(HIDDEN):], os.environ.pop(hidden)
    if is_of_language(name):
        os.environ._data[os.fsencode(name)] = os.fsencode(value)
    else:
        os.environ[name] = value

make_directory = tempfile.mkdtemp


def make_directory_aside(suffix=None, prefix=None, dir=None):
    if dir is None and prefix is not None and prefix.startswith('ansible_'):
        dir = '${ANSIBLE_SCRATCH}/remote'
    return make_directory(suffix, prefix, dir)


# Modules are unpacked beside the image, which may have no /tmp.
tempfile.mkdtemp = make_directory_aside
sys.argv = sys.argv[1:] or ['']
if sys.argv[0]:
    __file__ = sys.argv[0]
    with open(__file__, 'rb') as module:
        text = module.read()
else:
    text = sys.stdin.buffer.read()
exec(compile(text, sys.argv[0] or '<stdin>', 'exec'))
`;
