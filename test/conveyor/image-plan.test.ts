import { describe, expect, it } from 'vitest';
import type { Project } from '../../src/config/project.ts';
import { buildKey, planBuild } from '../../src/conveyor/image-plan.ts';
import type { Platform } from '../../src/oci/platform.ts';

const [AMD, ARM] = ['linux/amd64', 'linux/arm64'] as unknown as readonly [Platform, Platform];

/** A project of Dockerfile images. */
function project(images: Readonly<Record<string, { needs?: string[]; platforms?: Platform[] }>>): Project {
  return {
    images: Object.entries(images).map(([name, { needs = [], platforms = [AMD] }]) => ({
      kind: 'dockerfile',
      names: [name],
      platforms,
      dependencies: needs.map((image) => ({ image })),
    })),
  } as unknown as Project;
}

function plan(of: Project, requested: readonly string[], only?: Platform) {
  const platforms = {
    of: ({ platforms: own }: { readonly platforms: readonly Platform[] }) => own,
    chosen: ({ platforms: own }: { readonly platforms: readonly Platform[] }) => (only ? [only] : own),
  };
  return planBuild(of, requested, platforms).map((set) => set.map(buildKey));
}

describe('the plan of a build', () => {
  const images = project({
    base: { platforms: [AMD, ARM] },
    app: { needs: ['base'], platforms: [ARM, AMD] },
    tool: { needs: ['base'] },
    other: {},
  });

  it('has each image once for each platform, behind what it needs for that platform', () => {
    expect(plan(images, ['app', 'tool'])).toEqual([
      [`base ${AMD}`, `base ${ARM}`],
      [`app ${ARM}`, `app ${AMD}`, `tool ${AMD}`],
    ]);
  });

  it('takes of what is needed only the platforms that need it', () => {
    expect(plan(images, ['tool'])).toEqual([[`base ${AMD}`], [`tool ${AMD}`]]);
    expect(plan(images, ['base'])).toEqual([[`base ${AMD}`, `base ${ARM}`]]);
  });

  it('takes the chosen platforms of what is asked for', () => {
    expect(plan(images, ['app'], ARM)).toEqual([[`base ${ARM}`], [`app ${ARM}`]]);
  });
});
