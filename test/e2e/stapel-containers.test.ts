import { randomBytes } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Builder, makeBuilder, RUNGS } from './support/builder.ts';
import { askingFor, startAgent, type TestAgent } from './support/ssh-agent.ts';
import { buildStapel, filesOf, said, stapelConfig } from './support/stapel.ts';
import { suite } from './support/suite.ts';

const shared = suite('containers');
const { projectOf, freshRepository, busybox } = shared;
const debian = () => `${shared.registry.host}/debian:latest`;

/** Nowhere else on this machine. */
const SECRET = `secret-${randomBytes(12).toString('hex')}`;
const KEY = `key-${randomBytes(6).toString('hex')}`;

const PERMISSIONS = `giterminismConfigVersion: 1
config:
  secrets:
    allowEnvVariables: [TOKEN]
    allowValueIds: [literal]
  stapel:
    mount:
      allowBuildDir: true
      allowFromPaths: [data, conf.txt, "~/made"]
`;

/** A base that says all that a build container has of its own. */
const base = () => `
image: base
from: ${busybox()}
imageSpec:
  config:
    env: {HOME: /home/own, PATH: "/own/bin:/bin:/usr/bin", EMPTY: ""}
    user: "1000:1000"
    workingDir: /var/work
    entrypoint: [/bin/echo, entered]
    cmd: [commanded]`;

const FACTS = `
  beforeInstall:
  - echo "as $(id -u):$(id -g) in $PWD, home $HOME, path $PATH, empty <$EMPTY>"
  - if read line; then echo "read $line"; else echo "input is at its end"; fi
  - echo "commit $WERF_COMMIT_HASH at $WERF_COMMIT_TIME_UNIX, $WERF_COMMIT_TIME_HUMAN"
  - test -S "$SSH_AUTH_SOCK" && echo "agent at $SSH_AUTH_SOCK"
  - stat -c "%n %a %u:%g" /run/secrets/*
  - cat /run/secrets/literal && echo " are words" && cat /run/secrets/token && echo " is the token" && touch /run/secrets/token 2>/dev/null || echo "which is read-only"
  - echo "flags <$-> status $?"
  - value=carried; cd /tmp
  - |
    echo "$value to the next in $PWD"
    false | true
  - echo "no pipefail" && echo "limits $(ulimit -Sn) $(ulimit -Hn)"
  - echo to stderr >&2; printf "without end"
  install: echo "<\${value-}> in $PWD"`;

describe.each(Object.entries(RUNGS))('commands of a stage, on %s', (_, rung) => {
  let builder: Builder;
  let agent: TestAgent;
  beforeAll(async () => {
    builder = await makeBuilder(rung);
    const { user = 'root' } = rung;
    const names = { root: 'root', ordinary: 'slipway-test', single: 'slipway-test-single' };
    agent = await startAgent(builder, names[user], KEY);
  });
  afterAll(async () => {
    await agent.stop();
    await builder.remove();
  });

  it('see the environment of the image and what is given to them, and leave none of it', async () => {
    const secrets = `secrets:\n- env: TOKEN\n  id: token\n- id: literal\n  value: words of the file`;
    const project = await projectOf({
      'werf.yaml': stapelConfig(base(), `image: app\nfrom: base\n${secrets}\nshell:${FACTS}`),
      'werf-giterminism.yaml': PERMISSIONS,
    });
    const env = { TOKEN: SECRET, SSH_AUTH_SOCK: agent.socket, WERF_BUILDAH_ULIMIT: 'nofile:1024:2048' };
    const built = await buildStapel(builder, project, { args: ['--repo', freshRepository()], env });
    const commit = project.git('rev-parse', 'HEAD');
    const time = project.git('show', '-s', '--format=%ct', 'HEAD');
    const lines = said(built).join('\n');
    for (const line of [
      'as 0:0 in /, home /home/own, path /own/bin:/bin:/usr/bin, empty <>',
      'input is at its end',
      `commit ${commit} at ${time}, `,
      'agent at /.werf/tmp/ssh-auth-sock',
      '/run/secrets/literal 400 0:0\n/run/secrets/token 400 0:0',
      '*** are words\n*** is the token',
      'flags <',
      'carried to the next in /tmp\n$ echo "no pipefail"',
      'no pipefail\nlimits 1024 2048',
      'to stderr\nwithout end',
      '$ echo "<${value-}> in $PWD"\n<> in /',
      '$ echo "$value to the next in $PWD"\n  false | true\n',
    ])
      expect(lines).toContain(line);
    expect(lines).toMatch(/^flags <[a-zB]*> status 0$/m);
    expect(lines).not.toMatch(/^flags <.*[xvpu].*>/m);
    expect(built.stdout + built.stderr).not.toContain(SECRET);
    expect(built.stdout + built.stderr).not.toContain('words of the file are');
    const text = JSON.stringify(shared.registry.inspect(built.last(), '--config'));
    expect(text).not.toMatch(/WERF_COMMIT|SSH_AUTH_SOCK|words of the file/);
    expect(text).not.toContain(SECRET);
    const { config } = shared.registry.inspect(built.last(), '--config') as {
      config: Record<string, unknown>;
    };
    expect(config).toMatchObject({
      User: '1000:1000',
      WorkingDir: '/var/work',
      Entrypoint: ['/bin/echo', 'entered'],
      Cmd: ['commanded'],
      Env: ['PATH=/own/bin:/bin:/usr/bin', 'EMPTY=', 'HOME=/home/own'],
    });
    const files = await filesOf(built.last());
    expect([...files.keys()].filter((path) => /^(\.werf|run\/|var\/work)/.test(path))).toEqual([]);
  });

  it('see mounts, of which nothing gets into the image', async () => {
    const project = await projectOf({
      'werf.yaml': stapelConfig(
        `
image: first
from: ${busybox()}
mount:
- {from: tmp_dir, to: /tmp/work}
- {from: build_dir, to: /cache}
- {fromPath: data, to: /data}
- {fromPath: conf.txt, to: /etc/conf.txt}
- {fromPath: "~/made", to: /made}
shell:
  beforeInstall:
  - echo "empty <$(ls -A /tmp/work)> and <$(ls -A /made)>" && echo shared >/tmp/work/file && echo x >>/cache/runs
  - cat /data/file /etc/conf.txt && echo written >>/data/log && echo changed >>/etc/conf.txt && touch /made/by-first
  install: echo "still $(cat /tmp/work/file), runs $(wc -l </cache/runs)"`,
        `
image: second
from: first
shell:
  install: echo "empty <$(ls -A /tmp/work)>, runs $(wc -l </cache/runs), $(cat /data/file), log $(cat /data/log), made $(ls /made)" && echo x >>/cache/runs && touch /tmp/work/by-second`,
        `
image: filled
final: false
from: ${busybox()}
shell:
  install: mkdir -p /cache/deep && echo x >/cache/deep/file && echo y >/cache/file`,
        `
image: third
from: filled
mount:
- {from: build_dir, to: /cache}
shell:
  install: echo "files $(ls /cache)"`,
      ),
      'werf-giterminism.yaml': PERMISSIONS,
      'data/file': 'from the host\n',
      'conf.txt': 'configured\n',
    });
    await chmod(join(project.root, 'data'), 0o777);
    await chmod(join(project.root, 'conf.txt'), 0o666);
    const repo = freshRepository();
    const built = await buildStapel(builder, project, { args: ['--repo', repo] });
    expect(said(built, 'first')).toEqual(
      expect.arrayContaining(['empty <> and <>', 'from the host', 'configured', 'still shared, runs 1']),
    );
    expect(said(built, 'second')).toContain('empty <>, runs 1, from the host, log written, made by-first');
    expect(said(built, 'third')).toContain('files runs');
    for (const image of ['first', 'second', 'third']) {
      const files = await filesOf(built.last(image));
      const mounted = [...files].filter(([path]) => /^(tmp\/work|cache|data|etc\/conf\.txt|made)/.test(path));
      const points = ['tmp/work', 'cache', 'data', 'made'];
      const expected = image === 'third' ? ['cache'] : points;
      expect(Object.fromEntries(mounted)).toEqual(
        Object.fromEntries(expected.map((path) => [path, 'd 755 0:0'])),
      );
    }
    const config = await readFile(join(project.root, 'werf.yaml'), 'utf8');
    await project.write({
      'werf.yaml': config.replace('echo "empty', 'echo "again <$(ls -A /tmp/work)>, empty'),
    });
    await project.commit('another command');
    const again = await buildStapel(builder, project, { args: ['--repo', repo] });
    expect(again.rebuilt('first')).toEqual(['beforeInstall', 'install']);
    expect(said(again, 'first')).toContain('again <>, empty <> and <by-first>');
    expect(said(again, 'first')).toContain('still shared, runs 3');
  });
});

describe('commands of a stage', () => {
  let builder: Builder;
  beforeAll(async () => {
    builder = await makeBuilder({ user: 'ordinary' });
  });
  afterAll(() => builder.remove());
  const build = async (
    documents: readonly string[],
    options: Parameters<typeof buildStapel>[2] & { readonly repo?: string } = {},
  ) => {
    const { repo = freshRepository(), ...more } = options;
    const project = await projectOf({
      'werf.yaml': stapelConfig(...documents),
      'werf-giterminism.yaml': PERMISSIONS.replace('[data,', '[data, data--of/it,'),
    });
    return await buildStapel(builder, project, { args: ['--repo', repo], ...more });
  };
  const app = (...lines: readonly string[]) => ['image: app', ...lines].join('\n');

  it("run in bash where the base has it, and ask the user's agent", async () => {
    const agent = await startAgent(builder, 'slipway-test', KEY);
    const ask = askingFor(KEY).replaceAll('\n', '\n    ');
    const built = await build(
      [
        app(
          `from: ${debian()}`,
          'shell:',
          '  install:',
          '  - echo "bash <${BASH_VERSION%%.*}> posix <$(shopt -qo posix && echo yes)>" && array=(a b)',
          '  - echo "item ${array[1]}, home $HOME"',
          `  - |\n    ${ask}`,
        ),
      ],
      { env: { SSH_AUTH_SOCK: agent.socket } },
    );
    await agent.stop();
    expect(said(built)).toEqual(
      expect.arrayContaining(['bash <5> posix <>', 'item b, home /root', 'asked, and it has the key']),
    );
  });

  it('have the limits of who runs slipway', async () => {
    const shell = (more: string) => app(`from: ${busybox()}`, `shell:\n  install: echo "limits ${more}"`);
    const project = await projectOf({
      'werf.yaml': stapelConfig(shell('$(ulimit -Hn) $(ulimit -Sc) $(ulimit -Hc)')),
    });
    const script = 'ulimit -n 5000 && ulimit -Sc 8 && ulimit -Hc 16 && exec "$0" "$@"';
    const child = builder.startOther('sh', ['-c', script, process.execPath, builder.program, 'build'], {
      cwd: project.root,
      env: { WERF_STAPEL_IMAGE_NAME: 'none' },
    });
    let stdout = '';
    child.stdout.on('data', (data: Buffer) => (stdout += data));
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    expect(said({ stdout })).toContain('limits 5000 8 16');
  });

  it('that fail are told with stage, text, status and what they printed', async () => {
    const repo = freshRepository();
    const failed = await build(
      [
        app(
          `from: ${busybox()}`,
          'shell:',
          '  install:',
          '  - echo harmless',
          '  - for i in $(seq 60); do echo line $i; done; (exit 7)',
          '  - echo never',
        ),
      ],
      { fails: true, repo },
    );
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain(
      'Error: image app: stage install: the command failed (exit status 7): for i in $(seq 60); do echo line $i; done; (exit 7)',
    );
    expect(failed.stderr).toContain('  line 60\n');
    expect(failed.stderr).not.toMatch(/werf-[0-9a-f]{24}|line 10\n/);
    expect(failed.stdout).not.toMatch(/echo never|werf-[0-9a-f]{24}/);
    expect(await builder.halfMade()).toEqual([]);
    // The stage before it is kept.
    expect(shared.registry.stages(repo.split('/')[1] ?? '')).toHaveLength(1);
  });

  it('leave what an external base runs as it is', async () => {
    const first = await build([base()]);
    const { config } = shared.registry.inspect(first.last('base'), '--config') as { config: object };
    const commands = 'shell:\n  install: touch /made';
    const [own, plain] = await Promise.all([
      build([app(`from: ${first.last('base')}`, commands)]),
      build([app(`from: ${busybox()}`, commands)]),
    ]);
    const configOf = (reference: string) =>
      (shared.registry.inspect(reference, '--config') as { config: Record<string, unknown> }).config;
    expect({ ...configOf(own.last()), Labels: null }).toEqual({ ...config, Labels: null });
    const of = configOf(plain.last());
    expect([of['Cmd'], of['Entrypoint'], of['User'], of['WorkingDir']]).toEqual([
      ['sh'],
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('see the path that is named, whatever is in its name', async () => {
    const project = await projectOf({
      'werf.yaml': stapelConfig(
        app(
          `from: ${busybox()}`,
          'mount:\n- {fromPath: data--of/it, to: /data}',
          'shell:\n  install: cat /data/file',
        ),
      ),
      'werf-giterminism.yaml': PERMISSIONS.replace('[data,', '[data--of/it,'),
      'data--of/it/file': 'the right one',
    });
    expect(said(await buildStapel(builder, project))).toContain('the right one');
  });
});
