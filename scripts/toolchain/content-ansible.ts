import { type Content, libraries, programs } from './content-shape.ts';

const PYTHON = 'embedded/lib/python3.11';
const PACKAGES = 'embedded/lib/python3/dist-packages';

/** Needs libraries or data that are not here, or is for people and their windows. */
const UNUSED_OF_PYTHON = [
  ...[
    'curses',
    'dbm',
    'idlelib',
    'lib2to3',
    'pydoc_data',
    'sqlite3',
    'test',
    'tkinter',
    'turtledemo',
    'venv',
  ].map((name) => `${PYTHON}/${name}/**`),
  ...[
    '_curses',
    '_curses_panel',
    '_dbm',
    '_sqlite3',
    '_test*',
    '_xxtestfuzz',
    'nis',
    'ossaudiodev',
    'readline',
  ].map((name) => `${PYTHON}/lib-dynload/${name}.*`),
  ...['sitecustomize.py', 'turtle.py', 'EXTERNALLY-MANAGED'].map((name) => `${PYTHON}/${name}`),
];

const pythonPackage = (name: string, ...files: readonly string[]): Content => ({
  package: name,
  files: files.map((one) => `${PACKAGES}/${one}/**`),
});

export const ANSIBLE: readonly Content[] = [
  { package: 'python3.11-minimal', files: ['embedded/bin/python3.11'] },
  { package: 'libpython3.11-minimal', files: [`${PYTHON}/**`], without: UNUSED_OF_PYTHON },
  { package: 'libpython3.11-stdlib', files: [`${PYTHON}/**`], without: UNUSED_OF_PYTHON },
  {
    package: 'ansible-core',
    files: [`${PACKAGES}/ansible/**`, `${PACKAGES}/ansible_core-*/**`],
    without: [`${PACKAGES}/ansible/galaxy/**`, `${PACKAGES}/ansible/cli/galaxy.py`],
  },
  { package: 'ansible', files: [`${PACKAGES}/ansible_collections/**`] },
  pythonPackage('python3-jinja2', 'jinja2', 'Jinja2-*'),
  { package: 'python3-markupsafe', files: [`${PACKAGES}/markupsafe/**`, `${PACKAGES}/MarkupSafe-*/**`] },
  pythonPackage('python3-yaml', 'yaml'),
  pythonPackage('python3-cryptography', 'cryptography', 'cryptography-*'),
  { package: 'python3-cffi-backend', files: [`${PACKAGES}/_cffi_backend*.so`] },
  pythonPackage('python3-packaging', 'packaging', 'packaging-*'),
  pythonPackage('python3-pkg-resources', 'pkg_resources'),
  { package: 'python3-apt', files: [`${PACKAGES}/**`], without: ['**-stubs/**'] },
  { package: 'python-apt-common', files: ['embedded/share/python-apt/**'] },
  programs('unzip', 'unzip', 'zipinfo'),
  programs('openssl', 'openssl'),
  programs('gpg', 'gpg'),
  programs('acl'),
  programs('attr'),
  programs('util-linux-extra', 'hwclock'),
  programs('passwd', 'chage', 'chpasswd', 'gpasswd', 'group*', 'user*'),
  { package: 'libssl3', files: ['lib/*.so.*', 'lib/ossl-modules/legacy.so'] },
  ...libraries(
    'libapt-pkg6.0',
    'libassuan0',
    'libaudit1',
    'libcap2',
    'libcrypt1',
    'libexpat1',
    'libffi8',
    'libgcrypt20',
    'libgpg-error0',
    'libpam0g',
    'libreadline8',
    'libsemanage2',
    'libsepol2',
    'libsqlite3-0',
    'libstdc++6',
    'libsystemd0',
    'libtinfo6',
    'libudev1',
    'libuuid1',
    'libxxhash0',
    'libyaml-0-2',
    'libzstd1',
  ),
];

const OVERLAID =
  'bunzip2 bzcat bzip2 gunzip gzip tar unxz unzip unzstd xz xzcat zcat zipinfo zstd zstdcat'.split(' ');

/** The overlay stands in front of the image's own programs, whose options Ansible's modules may not know. */
export const ANSIBLE_LINKS: Readonly<Record<string, string>> = Object.fromEntries([
  ...OVERLAID.map((name) => [`ansible_tools_overlay/bin/${name}`, `../../embedded/bin/${name}`]),
  ['ansible_tools_overlay/bin/gtar', '../../embedded/bin/tar'],
]);
