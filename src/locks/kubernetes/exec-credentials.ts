import { execa } from 'execa';
import { z } from 'zod';
import { UserError } from '../../diagnostics/user-error.ts';
import type { ExecPlugin } from './kubeconfig.ts';

/** What a plugin gives. */
export interface Credentials {
  readonly token: string | null;
  /** PEM. */
  readonly certificate: string | null;
  readonly key: string | null;
  /** Unix milliseconds; null: until they are refused. */
  readonly until: number | null;
}

const Answer = z.object({
  kind: z.literal('ExecCredential'),
  status: z.object({
    token: z.string().optional(),
    clientCertificateData: z.string().optional(),
    clientKeyData: z.string().optional(),
    expirationTimestamp: z.string().optional(),
  }),
});
/** Milliseconds. */
const LONGEST = 60_000;

/**
 * Runs a plugin for credentials as client-go does, without a terminal.
 * @param cluster what plugins are told that ask for it
 * @throws UserError KUBE_PLUGIN_FAILED
 */
export async function execCredentials(
  plugin: ExecPlugin,
  cluster: Readonly<Record<string, unknown>>,
  {
    env,
    signal,
  }: { readonly env: Readonly<Record<string, string | undefined>>; readonly signal: AbortSignal },
): Promise<Credentials> {
  const info = {
    apiVersion: plugin.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...(plugin.withCluster ? { cluster } : {}) },
  };
  const { exitCode, stdout, stderr, shortMessage } = await execa(plugin.command, plugin.args, {
    env: { ...env, ...plugin.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    cancelSignal: signal,
    timeout: LONGEST,
  });
  signal.throwIfAborted();
  if (exitCode !== 0) throw failed(plugin, shortMessage ?? 'it failed', stderr);
  let answer: unknown = null;
  try {
    answer = JSON.parse(stdout);
  } catch {
    // It is said below.
  }
  const read = Answer.safeParse(answer);
  if (!read.success) throw failed(plugin, 'it did not print an ExecCredential with a status', stderr);
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = read.data.status;
  const until = Date.parse(expirationTimestamp ?? '');
  return {
    token: token ?? null,
    certificate: clientCertificateData ?? null,
    key: clientKeyData ?? null,
    until: Number.isNaN(until) ? null : until,
  };
}

function failed({ command, installHint }: ExecPlugin, reason: string, stderr: string): UserError {
  return new UserError(
    'KUBE_PLUGIN_FAILED',
    `the plugin ${command} of the kubeconfig gave no credentials: ${reason}`,
    {
      ...(installHint === '' ? {} : { hint: installHint }),
      tail: stderr.split('\n').slice(-10),
    },
  );
}
