import { describe, expect, it } from 'vitest';
import {
  describeSynchronization,
  parseSynchronization,
  secretsOfSynchronization,
} from '../../src/locks/synchronization.ts';

function place(text: string) {
  const read = parseSynchronization(text);
  if (!read.ok) throw new Error(read.reason);
  return read.value;
}
const refusal = (text: string) => {
  const read = parseSynchronization(text);
  return read.ok ? 'accepted' : read.reason;
};

describe('the place of the locks', () => {
  it('is this machine', () => {
    expect(place(':local')).toEqual({ kind: 'local' });
  });

  it('is an etcd cluster, of one address or several', () => {
    const etcd = { kind: 'etcd', tls: false, user: null };
    expect(place('etcd://one:2380')).toEqual({ ...etcd, endpoints: ['one:2380'] });
    expect(place('etcd://one,[::1]:99,one/')).toEqual({ ...etcd, endpoints: ['one:2379', '[::1]:99'] });
    expect(place('etcds://me:p%40ss%3Aword@one')).toEqual({
      ...etcd,
      tls: true,
      endpoints: ['one:2379'],
      user: { name: 'me', password: 'p@ss:word' },
    });
  });

  it('is a namespace of a Kubernetes cluster, whose context may hold anything', () => {
    const kubernetes = { kind: 'kubernetes', namespace: 'ns', context: null, config: null };
    expect(place('kubernetes://ns')).toEqual(kubernetes);
    expect(place('kubernetes://ns:arn:aws:eks:eu:1:cluster/x')).toEqual({
      ...kubernetes,
      context: 'arn:aws:eks:eu:1:cluster/x',
    });
    expect(place('kubernetes://ns:admin@cluster')).toEqual({ ...kubernetes, context: 'admin@cluster' });
    expect(place('kubernetes://ns:admin@cluster@./config')).toEqual({
      ...kubernetes,
      context: 'admin@cluster',
      config: { kind: 'file', path: './config' },
    });
    expect(place('kubernetes://ns@config')).toEqual({
      ...kubernetes,
      config: { kind: 'file', path: 'config' },
    });
    expect(place('kubernetes://ns@base64:a2V5')).toEqual({
      ...kubernetes,
      config: { kind: 'text', base64: 'a2V5' },
    });
  });

  it('is shown without what must not be', () => {
    expect(describeSynchronization(place('etcds://me:p%40ss@one,two:1'))).toBe('etcds://one:2379,two:1');
    expect(describeSynchronization(place('kubernetes://ns:ctx@base64:a2V5'))).toBe('kubernetes://ns:ctx');
    expect(secretsOfSynchronization(place('etcds://me:p%40ss@one'))).toEqual(['p@ss', 'p%40ss']);
    expect(secretsOfSynchronization(place('kubernetes://ns@base64:a2V5'))).toEqual(['a2V5']);
  });

  it('is no lock server, which says what there is instead', () => {
    expect(refusal('https://synchronization.example.com')).toContain(
      'use an etcd cluster (etcd://HOST:PORT)',
    );
  });

  it('is refused where it is wrong, without repeating passwords', () => {
    expect(refusal('redis://x')).toContain('it must be :local, etcd://');
    expect(refusal('etcd://me:secret@')).toBe('"" is not HOST or HOST:PORT');
    expect(refusal('etcd://secret@host')).not.toContain('secret');
    expect(refusal('etcd://host:99999')).toContain('"host:99999" is not HOST or HOST:PORT');
    expect(refusal('kubernetes://Not_A_Name')).toContain('is not the name of a namespace');
    expect(refusal('kubernetes://ns@')).toBe('nothing stands behind @');
  });
});
