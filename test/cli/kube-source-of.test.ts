import { describe, expect, it } from 'vitest';
import { kubeSourceOf } from '../../src/cli/kube-source-of.ts';

const view = { cwd: '/here', homeDirectory: '/home/me', env: {} };
const place = { kind: 'kubernetes', namespace: 'ns', context: null, config: null } as const;

describe('the access to the cluster of the locks', () => {
  it('is what the options for clusters say', () => {
    const flags = { kubeConfig: 'a:b', kubeConfigBase64: null, kubeContext: 'c', skipTlsVerifyKube: true };
    expect(kubeSourceOf(place, flags, view)).toMatchObject({ files: 'a:b', context: 'c', skipVerify: true });
    expect(kubeSourceOf(place, {}, view)).toMatchObject({
      files: null,
      base64: null,
      context: null,
      skipVerify: false,
    });
  });

  it('is what the address of the locks says, where it says it', () => {
    const flags = { kubeConfig: 'a', kubeConfigBase64: 'Yg==', kubeContext: 'c' };
    const named = { ...place, context: 'mine', config: { kind: 'file', path: 'own' } } as const;
    expect(kubeSourceOf(named, flags, view)).toMatchObject({ files: 'own', base64: null, context: 'mine' });
    const text = { ...place, config: { kind: 'text', base64: 'b3du' } } as const;
    expect(kubeSourceOf(text, flags, view)).toMatchObject({ files: null, base64: 'b3du', context: 'c' });
  });
});
