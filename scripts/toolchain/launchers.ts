import { PREFIX } from './prefix.ts';
import { file, type Tree } from './tree.ts';

const BIN = `${PREFIX}/embedded/bin`;
/** `-p`: no start-up file and no functions of the environment. */
const BASH = `#!${BIN}/bash -p\n`;
/** Neither variables of Python nor packages of the user disturb it, and it writes no compiled files. */
const PYTHON = `${BIN}/python3.11 -EsB`;

const SUDO = `${BASH}# Runs a command as another user, with the options that Ansible gives sudo. It asks for nothing: root may.
user=root
while [ $# -gt 0 ]; do
  case $1 in
  -u | --user | -g | --group | -p | --prompt)
    case $1 in -u | --user) user=\${2-} ;; esac
    shift 2 || exit
    ;;
  --user=*) user=\${1#--user=}; shift ;;
  --preserve-env | --set-home | --stdin | --non-interactive) shift ;;
  --) shift; break ;;
  -u*) user=\${1#-u}; shift ;;
  -*[!EHSnk]*) echo "sudo: this one has no option $1" >&2; exit 2 ;;
  -*) shift ;;
  *) break ;;
  esac
done
if [ $# = 0 ]; then
  echo 'sudo: no command is given' >&2
  exit 2
fi
entry=$(${BIN}/getent passwd "\${user#\\#}") || {
  echo "sudo: unknown user $user: /etc/passwd of the image does not name it" >&2
  exit 1
}
IFS=: read -r name _ uid gid _ home _ <<<"$entry"
exec ${BIN}/setpriv --reuid "$uid" --regid "$gid" --init-groups -- ${BIN}/env "HOME=$home" "USER=$name" "LOGNAME=$name" "$@"
`;

const console = (name: string, module: string): readonly (readonly [string, string])[] => [
  [`embedded/bin/${name}`, `${BASH}exec ${PYTHON} ${PREFIX}/embedded/libexec/${name} "$@"\n`],
  [`embedded/libexec/${name}`, `import sys\n\nfrom ansible.cli.${module} import main\n\nsys.exit(main())\n`],
];

/** Programs of our own that start the tree's. */
export function addLaunchers(tree: Tree): void {
  const scripts = [
    ['embedded/bin/python', `${BASH}exec ${PYTHON} "$@"\n`],
    ['embedded/bin/python3', `${BASH}exec ${PYTHON} "$@"\n`],
    ['embedded/bin/sudo', SUDO],
    ...console('ansible-playbook', 'playbook'),
    ...console('ansible', 'adhoc'),
  ] as const;
  for (const [path, text] of scripts) tree.set(path, file(text, 0o755));
}
