import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Builder, makeBuilder, RUNGS } from './support/builder.ts';
import { buildStapel, filesOf, said, stapelConfig } from './support/stapel.ts';
import { suite } from './support/suite.ts';
import { toolchainRegistry } from './support/toolchain.ts';

const shared = suite('shells');
const { projectOf, freshRepository, busybox } = shared;

describe('commands without the toolchain', () => {
  it('run in the shell of the base where the toolchain cannot be had, with one warning', async () => {
    const image = (name: string) =>
      `image: ${name}\nfrom: ${busybox()}\nshell:\n  install: echo "${name} bash <$BASH_VERSION>"\n  setup: echo "and on"`;
    const project = await projectOf({ 'werf.yaml': stapelConfig(image('one'), image('two')) });
    const builder = await makeBuilder({ user: 'ordinary' });
    const built = await buildStapel(builder, project, {
      env: { WERF_STAPEL_IMAGE_NAME: '127.0.0.1:1/x' },
    });
    await builder.remove();
    expect(said(built, 'one')).toContain('one bash <>');
    expect(said(built, 'two')).toContain('two bash <>');
    const output = built.stdout + built.stderr;
    expect(output.match(/WARNING: the toolchain image cannot be had/g)).toHaveLength(1);
    expect(output).toContain('127.0.0.1:1/x');
  });

  it.each(['native-rootless', 'plain-chroot'])('need a shell or the toolchain, on %s', async (name) => {
    const other = await makeBuilder(RUNGS[name] ?? {});
    const project = await projectOf({
      'werf.yaml': stapelConfig(
        'image: app\nfrom: scratch\ngit: [{add: /, to: /all}]\nshell:\n  setup: echo x',
      ),
    });
    const failed = await buildStapel(other, project, { fails: true });
    await other.remove();
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain('image app: stage setup: the shell of the image, /bin/sh, did not start');
    expect(failed.stderr).toContain('WERF_STAPEL_IMAGE_NAME');
  });
});

let env: Readonly<Record<string, string>>;
beforeAll(() => {
  const { name, version } = toolchainRegistry(shared.registry.host, 'base');
  env = { WERF_STAPEL_IMAGE_NAME: name, WERF_STAPEL_IMAGE_VERSION: version };
});

describe.each(Object.entries(RUNGS))('the toolchain, on %s', (_, rung) => {
  let builder: Builder;
  beforeAll(async () => {
    builder = await makeBuilder(rung);
  });
  afterAll(() => builder.remove());
  const app = (from: string, ...lines: readonly string[]) =>
    stapelConfig(['image: app', `from: ${from}`, ...lines].join('\n'));

  it('runs commands in an image without anything, and leaves nothing in it', async () => {
    const project = await projectOf({
      'werf.yaml': app(
        'scratch',
        'git: [{add: /src, to: /app}]',
        'shell:',
        '  beforeInstall: mkdir -p /made/deep && echo "bash ${BASH_VERSION%%.*} in $PWD, path $PATH"',
        '  setup:',
        '  - cp /app/file /made/deep/copy && sed -i s/text/word/ /made/deep/copy && ln -s deep/copy /made/link',
        '  - echo "found $(find /made -type f)" | tr a-z A-Z; (command -v sh cat bash)',
      ),
      'src/file': 'text\n',
    });
    const built = await buildStapel(builder, project, { args: ['--repo', freshRepository()], env });
    expect(built.stdout.match(/Pulling toolchain image/g)?.length).toBeGreaterThan(0);
    const bin = '/.werf/stapel/embedded/bin';
    expect(said(built).join('\n')).toMatch(/bash 5 in \/, path .*:\/\.werf\/stapel\/embedded\/sbin:\/\.werf/);
    expect(said(built)).toEqual(
      expect.arrayContaining(['FOUND /MADE/DEEP/COPY', `${bin}/sh`, `${bin}/cat`, `${bin}/bash`]),
    );
    const files = await filesOf(built.last());
    expect(Object.fromEntries(files)).toEqual({
      app: 'd 775 0:0',
      'app/file': 'f 644 0:0 text\n',
      made: 'd 755 0:0',
      'made/deep': 'd 755 0:0',
      'made/deep/copy': 'f 644 0:0 word\n',
      'made/link': 'l 777 0:0 deep/copy',
    });
    const { config } = shared.registry.inspect(built.last(), '--config') as {
      config: Record<string, unknown>;
    };
    expect(config['Env'] ?? []).toEqual([]);
    expect(await builder.halfMade()).toEqual([]);
  });

  it('gives an image with a shell nothing but its bash', async () => {
    const project = await projectOf({
      'werf.yaml': app(
        busybox(),
        'shell:',
        '  install:',
        '  - echo "bash ${BASH_VERSION%%.*}, flags $-, path $PATH" && echo "programs $(command -v ls), $(command -v bash)"',
        '  - false | true; echo "no pipefail"; set -o | grep posix',
        '  - sh -c \'echo "sh is <$BASH_VERSION>"\'',
      ),
    });
    const built = await buildStapel(builder, project, { args: ['--repo', freshRepository()], env });
    const lines = said(built).join('\n');
    expect(lines).toMatch(/^bash 5, flags [ehB]+, path \/usr\/local\/sbin:[^.]*$/m);
    expect(lines).toContain('programs /bin/ls,\n');
    expect(lines).toMatch(/no pipefail\nposix +\toff/);
    expect(lines).toContain('sh is <>');
    expect([...(await filesOf(built.last())).keys()].filter((path) => path.startsWith('.werf'))).toEqual([]);
  });
});
