import { describe, expect, it } from 'vitest';
import { secretMask } from '../../src/diagnostics/secrets.ts';
import { UserError } from '../../src/diagnostics/user-error.ts';
import type { ProgressEvent } from '../../src/progress/events.ts';
import type { LogSettings } from '../../src/ui/log-settings.ts';
import { plainDisplay } from '../../src/ui/plain-display.ts';
import { fakeOutput } from './fake-output.ts';
import { end, line, SUMMARY, start, warning } from './sample-events.ts';

const DEFAULTS: LogSettings = {
  format: 'text',
  color: false,
  pretty: true,
  level: 'default',
  width: 140,
  timeLayout: null,
};

function show(events: readonly ProgressEvent[], settings: Partial<LogSettings> = {}, secrets: string[] = []) {
  const log = fakeOutput();
  const mask = secretMask();
  for (const secret of secrets) mask.add(secret);
  const display = plainDisplay({
    settings: { ...DEFAULTS, ...settings },
    log,
    errors: fakeOutput(),
    secrets: mask,
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5),
    zoneMinutes: 0,
  });
  for (const event of events) display.emit(event);
  const beforeClose = log.text();
  display.close();
  display.close();
  return { beforeClose, text: log.text() };
}

const BUILD: readonly ProgressEvent[] = [
  { kind: 'line', line: 'Version: 0.1.0' },
  start('i', '⛵ image app', { image: 'app' }),
  start('b', 'Building stage app/dockerfile', { parent: 'i', image: 'app' }),
  line('b', 'STEP 1/2: FROM base'),
  line('b', 'STEP 2/2: RUN make'),
  start('s', 'Store stage into registry.example.com/p', { parent: 'b', image: 'app' }),
  end('s', 420),
  { kind: 'stage-stored', task: 'b', image: 'app', stage: 'dockerfile', summary: SUMMARY },
  end('b', 12_340),
  end('i', 13_000),
];

describe('the plain display', () => {
  it('writes titles twice, with times, and indents what is inside', () => {
    expect(show(BUILD).text).toBe(`Version: 0.1.0

┌ ⛵ image app
│ ┌ Building stage app/dockerfile
│ │ STEP 1/2: FROM base
│ │ STEP 2/2: RUN make
│ │ Store stage into registry.example.com/p ... (0.42 seconds)
│ │      name: registry.example.com/p:0123-1767323045000
│ │        id: 9f3a82975136
│ │   created: 2026-01-02 03:04:05 +0000 UTC
│ │      size: 65.4 MiB
│ │    commit: c0ffee
│ │   network: default
│ └ Building stage app/dockerfile (12.34 seconds)
└ ⛵ image app (13.00 seconds)
`);
  });

  it('shows a stage that is used again with its details', () => {
    const summary = { ...SUMMARY, sizeDelta: 1_258_291, platform: 'linux/amd64' };
    const text = show([
      start('i', '⛵ image app', { image: 'app' }),
      { kind: 'stage-reused', task: 'i', image: 'app', stage: 'dockerfile', summary },
      end('i', 10),
    ]).text;
    expect(text).toBe(`┌ ⛵ image app
│ Use previously built image for app/dockerfile
│      name: registry.example.com/p:0123-1767323045000
│        id: 9f3a82975136
│   created: 2026-01-02 03:04:05 +0000 UTC
│      size: 65.4 MiB (+1.2 MiB)
│    commit: c0ffee
│  platform: linux/amd64
│   network: default
└ ⛵ image app (0.01 seconds)
`);
  });

  it('has neither borders nor signs when it is not to be pretty', () => {
    expect(
      show(BUILD.slice(0, 4).concat(end('b', 1000), end('i', 2000)), { pretty: false }).text,
    ).toBe(`Version: 0.1.0

image app
  Building stage app/dockerfile
    STEP 1/2: FROM base
  Building stage app/dockerfile (1.00 seconds)
image app (2.00 seconds)
`);
  });

  it('marks what failed', () => {
    const events = [
      start('a', 'A'),
      start('b', 'B', { parent: 'a' }),
      end('b', 10, true),
      end('a', 20, true),
    ];
    expect(show(events).text).toBe('┌ A\n│ B ... (0.01 seconds) FAILED\n└ A (0.02 seconds) FAILED\n');
  });

  it('lists the plan and the summary in blocks', () => {
    const base = { name: 'base', kind: 'final' } as const;
    const tools = { name: 'tools', kind: 'intermediate' } as const;
    const old = { name: 'old', kind: 'artifact', platform: 'linux/amd64' } as const;
    const text = show([
      { kind: 'plan', limit: 5, sets: [[base, tools], [old]] },
      { kind: 'summary', sets: [[{ image: base, duration: 12_340 }]] },
    ]).text;
    expect(text).toBe(`┌ Concurrent builds plan (no more than 5 images at the same time)
│ Set #0:
│ - ⛵ image base
│ - 🛸 image tools
│
│ Set #1:
│ - 🛸 artifact old [linux/amd64]
└ Concurrent builds plan (no more than 5 images at the same time)

┌ Build summary
│ Set #0:
│ - ⛵ image base (12.34 seconds)
└ Build summary
`);
    expect(show([{ kind: 'plan', limit: null, sets: [[base]] }], { pretty: false }).text).toBe(
      'Concurrent builds plan\n  Set #0:\n  - image base\nConcurrent builds plan\n',
    );
  });
});

describe('several images at the same time', () => {
  const plan: ProgressEvent = {
    kind: 'plan',
    limit: null,
    sets: [['app', 'web-ui', 'db'].map((name) => ({ name, kind: 'final' as const }))],
  };
  const events: readonly ProgressEvent[] = [
    plan,
    start('a', '⛵ (1/3) image app', { image: 'app' }),
    start('w', '⛵ (2/3) image web-ui', { image: 'web-ui' }),
    start('d', '⛵ (3/3) image db', { image: 'db' }),
    line('w', 'web 1'),
    line('a', 'app 1'),
    line('d', 'db 1'),
    line('w', 'web 2'),
    end('d', 20),
    line('a', 'app 2'),
  ];
  const ending = [end('a', 30), line('w', 'web 3'), end('w', 40)];
  const withoutPlan = (text: string) => text.split('\n\n').slice(1).join('\n\n');

  it('are never mixed, and each line begins with its image', () => {
    expect(withoutPlan(show([...events, ...ending]).text)).toBe(`app    ┌ ⛵ (1/3) image app
app    │ app 1
app    │ app 2
app    └ ⛵ (1/3) image app (0.03 seconds)

db     ┌ ⛵ (3/3) image db
db     │ db 1
db     └ ⛵ (3/3) image db (0.02 seconds)

web-ui ┌ ⛵ (2/3) image web-ui
web-ui │ web 1
web-ui │ web 2
web-ui │ web 3
web-ui └ ⛵ (2/3) image web-ui (0.04 seconds)
`);
  });

  it('show one of them as it goes, the others in turn', () => {
    const now = show(events).beforeClose;
    expect(now).toContain('app 2');
    expect(now).not.toContain('db 1');
    expect(show([...events, ...ending.slice(0, 1)]).beforeClose).toContain('web 2');
  });

  it('lose nothing when the end comes early', () => {
    const { text } = show(events);
    for (const written of ['app 1', 'app 2', 'web 1', 'web 2', 'db 1']) expect(text).toContain(written);
  });

  it('keep their prefixes in colours of their own', () => {
    const text = show([...events, ...ending], { color: true }).text;
    expect(text).toContain('\u001b[36mapp\u001b[39m    │ app 1');
    expect(text).toContain('\u001b[32mweb-ui\u001b[39m │ web 1');
  });
});

describe('a line about the run as a whole', () => {
  it('is written when it happens, and belongs to no image', () => {
    const plan: ProgressEvent = { kind: 'plan', limit: null, sets: [[{ name: 'app', kind: 'final' }]] };
    const text = show([
      plan,
      start('a', 'A', { image: 'app' }),
      line('a', 'one'),
      { kind: 'line', line: 'the store is open' },
      line('a', 'two'),
      end('a', 10),
    ]).text;
    expect(text).toContain('app ┌ A\napp │ one\n│ the store is open\napp │ two\n');
  });
});

describe('parts of one image at the same time', () => {
  it('are written one after the other', () => {
    const text = show([
      start('i', 'image'),
      start('x', 'first', { parent: 'i' }),
      line('x', 'x 1'),
      start('y', 'second', { parent: 'i' }),
      line('y', 'y 1'),
      line('x', 'x 2'),
      end('y', 10),
      end('x', 20),
      end('i', 30),
    ]).text;
    expect(text.split('\n').filter((one) => /[xy] \d/.test(one))).toEqual(['│ │ x 1', '│ │ x 2', '│ │ y 1']);
  });
});

describe('levels', () => {
  const events: readonly ProgressEvent[] = [
    { kind: 'line', line: 'plain' },
    { kind: 'line', line: 'more', detail: 'verbose' },
    { kind: 'debug', line: 'all' },
    start('v', 'Publish metadata', { detail: 'verbose' }),
    line('v', 'inside'),
    end('v', 10),
    warning('careful'),
  ];
  const seen = (level: LogSettings['level']) =>
    ['plain', 'more', 'all', 'Publish', 'inside', 'careful'].filter((word) =>
      show(events, { level }).text.includes(word),
    );

  it('show as much as they are asked for', () => {
    expect(seen('quiet')).toEqual(['careful']);
    expect(seen('default')).toEqual(['plain', 'careful']);
    expect(seen('verbose')).toEqual(['plain', 'more', 'Publish', 'inside', 'careful']);
    expect(seen('debug')).toEqual(['plain', 'more', 'all', 'Publish', 'inside', 'careful']);
  });

  it('show what happens inside a task that is not shown in the one around it', () => {
    const nested = [
      start('o', 'outer'),
      start('v', 'hidden', { parent: 'o', detail: 'verbose' }),
      start('n', 'inner', { parent: 'v' }),
      line('n', 'text'),
      end('n', 10),
      end('v', 10),
      end('o', 10),
    ];
    expect(show(nested).text).toContain('┌ outer\n│ ┌ inner\n│ │ text\n│ └ inner');
  });
});

describe('warnings', () => {
  it('are shown at once, and all once more at the end, each once', () => {
    const { beforeClose, text } = show([
      start('a', 'A'),
      line('a', 'x'),
      warning('careful', 'app'),
      warning('careful', 'app'),
      warning('mind'),
      end('a', 10),
    ]);
    expect(beforeClose).toContain('│ WARNING: image app: careful\n│ WARNING: mind\n');
    expect(text.slice(beforeClose.length)).toBe(
      '\n┌ Warnings\n│ - image app: careful\n│ - mind\n└ Warnings\n',
    );
  });
});

describe('lines', () => {
  const body = (text: string, settings: Partial<LogSettings>) =>
    show([start('a', 'A'), line('a', text), end('a', 10)], settings)
      .text.split('\n')
      .slice(1, -2);

  it('are wrapped at blanks, and never clipped', () => {
    expect(body('one two three four five', { width: 20 })).toEqual(['│ one two three four five']);
    expect(body('one two three four five', { width: 24 })).toEqual(['│ one two three four', '│ five']);
    const long = 'x'.repeat(50);
    expect(body(`see ${long} there`, { width: 30 })).toEqual(['│ see', `│ ${long}`, '│ there']);
    expect(body('one two three four five', { width: 24, pretty: false })).toEqual([
      '  one two three four five',
    ]);
  });

  it('count wide characters as two columns', () => {
    expect(body('船船船船船 船船船船船', { width: 24 })).toEqual(['│ 船船船船船 船船船船船']);
    expect(body('船船船船船 船船船船船船', { width: 24 })).toEqual(['│ 船船船船船', '│ 船船船船船船']);
  });

  it('lose what would move the cursor, and keep colours only where they are shown', () => {
    const noisy = '10%\r50%\rdone \u001b[2K\u001b[31mred\u001b[0m\u0007\u001b]0;title\u0007';
    expect(body(noisy, {})).toEqual(['│ done red']);
    expect(body(noisy, { color: true })).toEqual(['│ done \u001b[31mred\u001b[0m']);
  });

  it('may begin with the time', () => {
    expect(body('x', { timeLayout: '2006-01-02T15:04:05Z07:00' })).toEqual(['2026-01-02T03:04:05Z │ x']);
  });

  it('do not show secrets', () => {
    const { text } = show([start('a', 'use hunter2!'), line('a', 'password hunter2!')], {}, ['hunter2!']);
    expect(text).not.toContain('hunter2!');
    expect(text).toContain('password ***');
  });
});

describe('what ends a command', () => {
  it('goes to standard error with everything to act on', () => {
    const errors = fakeOutput();
    const secrets = secretMask();
    secrets.add('hunter2!');
    const options = { settings: DEFAULTS, log: fakeOutput(), errors, secrets, now: () => 0, zoneMinutes: 0 };
    plainDisplay(options).fail(
      new UserError('CONFIG', 'the configuration has 1 problem', {
        problems: [
          {
            code: 'X',
            message: 'unknown fields: `imge`!',
            position: { file: 'werf.yaml', line: 3, column: 5 },
            excerpt: '3 | imge: app',
            hint: 'did you mean `image`?',
          },
        ],
        tail: ['make: hunter2!'],
        hint: 'read the manual',
      }),
    );
    expect(errors.text()).toBe(`Error: the configuration has 1 problem

werf.yaml:3:5: unknown fields: \`imge\`!

3 | imge: app

Hint: did you mean \`image\`?

Last lines of its output:
  make: ***

Hint: read the manual
`);
  });
});
