import { describe, expect, it } from 'vitest';
import { baseCopyTag, isBaseCopy, wholeReference } from '../../src/storage/base-copies.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('the copy of an image that is not the project’s', () => {
  it.each([
    ['alpine', 'docker.io/library/alpine:latest'],
    ['alpine:3.20', 'docker.io/library/alpine:3.20'],
    ['grafana/loki', 'docker.io/grafana/loki:latest'],
    ['docker.io/library/alpine:3.20', 'docker.io/library/alpine:3.20'],
    ['localhost/own:1', 'localhost/own:1'],
    ['127.0.0.1:5000/a/b', '127.0.0.1:5000/a/b:latest'],
    ['ghcr.io/a/b:1', 'ghcr.io/a/b:1'],
    [`ghcr.io/a/b:1@${DIGEST}`, `ghcr.io/a/b@${DIGEST}`],
    [`alpine@${DIGEST}`, `docker.io/library/alpine@${DIGEST}`],
  ])('is that of the whole reference: %s', (reference, whole) => {
    expect(wholeReference(reference)).toBe(whole);
    expect(baseCopyTag(reference)).toBe(baseCopyTag(whole));
  });

  it('has a tag of its own', () => {
    expect(baseCopyTag('alpine')).toMatch(/^base-image-[0-9a-f]{56}$/);
    expect(baseCopyTag('alpine')).not.toBe(baseCopyTag('alpine:3'));
    expect([isBaseCopy(baseCopyTag('alpine')), isBaseCopy('base-1')]).toEqual([true, false]);
  });
});
