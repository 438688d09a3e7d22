import { PREFIX } from './prefix.ts';
import { file, fileAt, type Tree } from './tree.ts';

const PACKAGES = 'embedded/lib/python3/dist-packages';

interface TextChange {
  readonly path: string;
  readonly old: string;
  readonly text: string;
}

/** Lets the image's own apt fetch the indexes: only it knows how the image checks their signatures. */
const UPDATE = `def update_by_apt_get(module):
    rc, out, err = module.run_command(['apt-get', '-o', 'APT::Update::Error-Mode=any', 'update'])
    if rc != 0:
        raise apt.cache.FetchFailedException(err or out)


def main():`;

const CHANGES: readonly TextChange[] = [
  {
    path: 'embedded/lib/python3.11/subprocess.py',
    old: "hasattr(sys, 'getandroidapilevel') else '/bin/sh')",
    text: `not os.path.exists('/bin/sh') else '/bin/sh')`,
  },
  {
    path: 'embedded/lib/python3.11/subprocess.py',
    old: "'/system/bin/sh' if",
    text: `'${PREFIX}/embedded/bin/sh' if`,
  },
  ...['apt', 'apt_repository'].flatMap((name) => {
    const path = `${PACKAGES}/ansible/modules/${name}.py`;
    return [
      { path, old: ' cache.update()\n', text: ' update_by_apt_get(module)\n' },
      { path, old: '\ndef main():', text: `\n${UPDATE}` },
    ];
  }),
];

/** @returns the files changed. @throws Error when one is not as it was when the change was written */
export function patchPython(tree: Tree): readonly string[] {
  for (const { path, old, text } of CHANGES) {
    const parts = (fileAt(tree, path)?.content.toString('utf8') ?? '').split(old);
    if (parts.length !== 2) throw new Error(`${path} holds ${JSON.stringify(old)} not just once`);
    tree.set(path, file(parts.join(text)));
  }
  return [...new Set(CHANGES.map(({ path }) => path))];
}
