import { describe, expect, it } from 'vitest';
import {
  checkIntrospectedImages,
  type IntrospectionRequest,
  introspection,
  NO_INTROSPECTION,
  requireTerminal,
  type ShellPlace,
} from '../../src/conveyor/introspection.ts';
import type { StageCommand, StageRequest } from '../../src/engine/stage-maker.ts';
import { BASE, buildah, building, EPOCH, never, patient } from './building.ts';
import { type ScriptedUser, scriptedUser } from './scripted-user.ts';

const ALL: IntrospectionRequest = {
  onError: true,
  beforeError: true,
  stages: [{ image: '*', stage: 'install' }],
};
const at = (moment: ShellPlace['moment']): ShellPlace => ({ moment, image: 'app', stage: 'install' });

async function workshop(user: ScriptedUser) {
  const made = await buildah(user);
  const text = `${BASE}RUN ["/bin/busybox", "--install", "-s", "/bin"]\n`;
  const { facts } = await made.builder.build(building(text), patient());
  const command: StageCommand = {
    command: ['/bin/sh', '-c', 'echo left > /left; test $KIND = good'],
    env: new Map([['KIND', 'bad']]),
    mounts: [{ target: '/kept', source: '', image: '', readOnly: false }],
    files: [{ target: '/.werf/file', content: 'of the stage\n', executable: false }],
    secrets: new Map([['token', Buffer.from('s3cret')]]),
    sshAgent: '',
    network: 'host',
    shell: null,
  };
  const request: StageRequest = {
    base: facts.id,
    platform: facts.platform as StageRequest['platform'],
    emptied: [],
    imports: [],
    files: [],
    command,
    env: new Map(),
    labels: new Map(),
    createdBy: 'test',
    sourceDateEpoch: EPOCH,
    uploadTo: '',
  };
  return { ...made, command, request };
}

const LOOK =
  'echo it""is $(cat /left /.werf/file /run/secrets/token) $KIND $TERM; stty size; echo in > /kept/x\r';

describe('a shell in a build container', () => {
  it('opens when a command has failed, in what that left', async () => {
    const user = scriptedUser([
      [/# /, LOOK],
      [/17 91\r\n/, 'exit 5\r'],
    ]);
    const { stages, terminals, command, request } = await workshop(user);
    const made = introspection(ALL, terminals).withShell(at('failed'), command, never, (shell) =>
      stages.make({ ...request, command: { ...command, shell } }, patient()),
    );
    await expect(made).rejects.toMatchObject({ code: 'BUILD_FAILED', exitCode: expect.anything() });
    expect(user.shown()).toContain('image app, stage install, as the failed command left it: `exit` goes on');
    expect(user.shown()).toContain('itis left of the stage s3cret bad xterm\r\n');
    expect(user.isTaken()).toBe(false);
  });

  it('is not opened by a command that ends well', async () => {
    const user = scriptedUser();
    const { stages, terminals, command, request } = await workshop(user);
    const made = await introspection(ALL, terminals).withShell(at('failed'), command, never, (shell) =>
      stages.make(
        { ...request, command: { ...command, env: new Map([['KIND', 'good']]), shell } },
        patient(),
      ),
    );
    expect(made?.facts.id).toMatch(/^sha256:/);
    expect(user.taken()).toBe(0);
  });

  it('opens instead of a command, and keeps nothing', async () => {
    const user = scriptedUser([
      [/# /, 'ls /left; echo mo""re > /more; cat /more\r'],
      [/more\r\n/, 'exit\r'],
    ]);
    const { stages, terminals, command, request, images } = await workshop(user);
    const made = await introspection(ALL, terminals).withShell(at('before'), command, never, (shell) =>
      stages.make({ ...request, command: { ...command, shell } }, patient()),
    );
    expect(made).toBeNull();
    expect(user.shown()).toMatch(/ls: \/left: No such file/);
    expect(await images.list('localhost/app', '', never)).toEqual([]);
  });

  it('is not there where none is wanted', async () => {
    const user = scriptedUser();
    const { terminals, command } = await workshop(user);
    const none = introspection(
      { ...NO_INTROSPECTION, stages: [{ image: 'web', stage: 'install' }] },
      terminals,
    );
    for (const moment of ['failed', 'before', 'stage'] as const) {
      expect(none.wants(at(moment))).toBe(false);
      expect(await none.withShell(at(moment), command, never, async (shell) => shell)).toBeNull();
    }
    expect(none.wants({ ...at('stage'), image: 'web' })).toBe(true);
  });
});

describe('what is asked of introspection', () => {
  const images = [
    { title: 'app', kind: 'stapel' },
    { title: '~', kind: 'stapel' },
    { title: 'docker', kind: 'dockerfile' },
  ] as const;
  const check = (image: string) => () =>
    checkIntrospectedImages({ ...NO_INTROSPECTION, stages: [{ image, stage: 'setup' }] }, images);

  it('needs images with such stages', () => {
    for (const image of ['app', '~', '*']) expect(check(image)).not.toThrow();
    expect(check('ap')).toThrow('--introspect-stage ap/setup: ap is not in werf.yaml');
    expect(check('docker')).toThrow('docker is built from a Dockerfile: it has no stage setup');
  });

  it('needs a terminal', () => {
    const none = { present: false, open: () => Promise.reject(new Error('none')) };
    expect(() => requireTerminal(ALL, none)).toThrow('needs a terminal');
    expect(() => requireTerminal(NO_INTROSPECTION, none)).not.toThrow();
  });
});
