import { it, onTestFinished } from 'vitest';
import { faultProxy } from '/work/main/test/registry/fault-proxy.ts';
import { makeBuilder } from '/work/main/test/e2e/support/builder.ts';
import { makeProject } from '/work/main/test/e2e/support/project.ts';
import { startRegistry } from '/work/main/test/e2e/support/registry.ts';
import { buildStapel, stapelConfig } from '/work/main/test/e2e/support/stapel.ts';
it('slow', async () => {
  const registry = await startRegistry();
  onTestFinished(() => registry.stop());
  const log: string[] = []; let t0 = 0;
  const proxy = await faultProxy(registry.host, { delay: () => 300, answer: async (r) => { log.push(`${((Date.now()-t0)/1000).toFixed(2)} ${r.method} ${r.url}`.replace(/[0-9a-f]{40,}/g, (x) => x.slice(0,8))); return false; } });
  onTestFinished(() => proxy.stop());
  const host = proxy.host, base = `${host}/busybox:latest`;
  const project = await makeProject({
      'werf.yaml': stapelConfig(
        `image: app\nfrom: ${base}\ngit:\n- add: /src\n  to: /app\nimport:\n- from: tools\n  add: /tools\n  to: /tools\n  before: setup\nshell:\n  setup: cat /tools >/list\nimageSpec:\n  config:\n    labels:\n      a: b`,
        `image: tools\nfinal: false\nfrom: ${base}\nshell:\n  install: echo tools >/tools`,
        'image: web\ndockerfile: Dockerfile',
      ),
      Dockerfile: `FROM ${base}\nCOPY src /src\nRUN cp -r /src /web\n`,
      'src/file': 'content',
  });
  const b = await makeBuilder();
  const go = async (name: string, ...args: string[]) => { log.length = 0; t0 = Date.now(); await buildStapel(b, project, { args }); console.log(name, (Date.now()-t0)/1000, log.length, '\n' + log.join('\n')); };
  await go('local');
  await go('push', '--repo', `${host}/primary`);
  await go('again', '--repo', `${host}/primary`);
  await project.write({ 'src/file': 'changed' }); await project.commit('x');
  await go('next', '--repo', `${host}/primary`);
  await go('copy', '--repo', `${host}/other`, '--secondary-repo', `${host}/primary`, '--final-repo', `${host}/final`);
  await b.remove();
}, 600000);
