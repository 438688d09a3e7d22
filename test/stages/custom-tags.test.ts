import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/diagnostics/user-error.ts';
import { checkCustomTags, customTags, expandTemplate } from '../../src/stages/custom-tags.ts';

const A = `${'a'.repeat(56)}-1700000000000`;
const B = `${'b'.repeat(56)}-1700000000001`;
const app = { name: 'app', contentBasedTag: A };
const web = { name: 'group/Web', contentBasedTag: B };
const nameless = { name: '', contentBasedTag: A };

function refusal(templates: readonly string[], names: readonly string[], hasRepository = true): UserError {
  try {
    checkCustomTags(templates, { names, hasRepository });
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('a template of a tag', () => {
  it('has placeholders for the name and for the tag of the last stage', () => {
    expect(expandTemplate('%image%-1', app)).toBe('app-1');
    expect(expandTemplate('%image%', web)).toBe('group/Web');
    expect(expandTemplate('x-%image_slug%', web)).toMatch(/^x-group-web-[0-9a-f]{1,8}$/);
    expect(expandTemplate('x-%image_safe_slug%', web)).toMatch(/^x-group-web-[0-9a-f]{1,8}$/);
    expect(expandTemplate('%image_safe_slug%', { ...web, name: 'My_App' })).toBe('My_App');
    expect(expandTemplate('v-%image_content_based_tag%', app)).toBe(`v-${A}`);
    expect(expandTemplate('v1%image%%image_slug%%image_safe_slug%', nameless)).toBe('v1');
    expect(expandTemplate('%image%-%image%', { ...app, name: '$&' })).toBe('$&-$&');
  });
});

describe('custom tags', () => {
  it('are given per image in the order of the templates, each once', () => {
    const templates = ['v1-%image%', 'latest-%image%', 'v1-%image%'];
    expect(customTags(templates, [app, { name: 'b', contentBasedTag: B }])).toEqual(
      new Map([
        ['app', ['v1-app', 'latest-app']],
        ['b', ['v1-b', 'latest-b']],
      ]),
    );
    expect(customTags(['v1'], [nameless])).toEqual(new Map([['', ['v1']]]));
  });

  it('may be the same for images that are the same stage', () => {
    const tags = customTags(['v-%image_content_based_tag%'], [app, { ...app, name: 'twin' }]);
    expect([...tags.values()]).toEqual([[`v-${A}`], [`v-${A}`]]);
  });
});

describe('what is checked before the build', () => {
  it('accepts what gives every final image tags of its own', () => {
    checkCustomTags([], { names: ['app'], hasRepository: false });
    checkCustomTags(['latest', 'v1'], { names: ['app'], hasRepository: true });
    checkCustomTags(['%image%-latest', 'v-%image_content_based_tag%'], {
      names: ['app', 'web'],
      hasRepository: true,
    });
    checkCustomTags(['latest'], { names: [], hasRepository: true });
  });

  it('is that there is a repository', () => {
    expect(refusal(['latest'], ['app'], false).message).toContain('needs --repo');
  });

  it('is that results are tags', () => {
    const { message, hint } = refusal(['%image%-v1'], ['group/web']);
    expect(message).toBe('--add-custom-tag: "group/web-v1", made of "%image%-v1", is not a valid tag');
    expect(hint).toContain('%image_safe_slug%');
    expect(refusal(['-x'], ['app']).message).toContain('"-x" is not a valid tag');
    expect(refusal([''], ['app']).message).toContain('"" is not a valid tag');
    expect(refusal(['%image_content_based_tag%%image_content_based_tag%'], ['app']).message).toContain(
      'not a valid tag',
    );
    expect(refusal(['%imgae%'], ['app']).message).toContain('holds %imgae%, which stands for nothing');
  });

  it('is that results are not the tags of stages and records', () => {
    for (const tag of ['%image_content_based_tag%', 'managed-image-app', 'cleanup', 'sync-server']) {
      expect(refusal([tag], ['app']).message).toContain('that slipway makes itself');
    }
  });

  it('is that no two images get one tag', () => {
    const { message, hint } = refusal(['latest'], ['app', 'web']);
    expect(message).toBe('--add-custom-tag: the images app and web would both get the tag "latest"');
    expect(hint).toContain('%image_safe_slug%-latest');
    const twice = refusal(['%image%', 'web'], ['app', 'web']).problems;
    expect(twice.map((one) => one.message).join('\n')).toContain(
      'both get the tag "web", by "web" and "%image%"',
    );
  });

  it('is told all at once', () => {
    const { problems } = refusal(['latest', 'a b', '%image%-ok'], ['app', 'web']);
    expect(problems.map(({ message }) => message.slice(0, 40))).toHaveLength(2);
  });
});
