import { parse } from 'yaml';
import { z } from 'zod';
import { UserError } from '../../diagnostics/user-error.ts';

/** Data that a kubeconfig holds itself, in base64, or names a file of. */
export type Material =
  | { readonly kind: 'data'; readonly base64: string }
  | { readonly kind: 'file'; readonly path: string };

/** A program that gives credentials. */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly installHint: string;
  readonly withCluster: boolean;
}

/** How a cluster is reached, as one context of the files says. */
export interface KubeAccess {
  /** For messages. */
  readonly context: string;
  readonly server: string;
  readonly authority: Material | null;
  readonly skipVerify: boolean;
  readonly serverName: string | null;
  readonly certificate: Material | null;
  readonly key: Material | null;
  readonly token: Material | { readonly kind: 'text'; readonly text: string } | null;
  readonly basic: { readonly name: string; readonly password: string } | null;
  readonly exec: ExecPlugin | null;
}

export interface KubeconfigText {
  /** For messages. */
  readonly name: string;
  readonly text: string;
  /** Paths in it are relative to its directory, which this makes absolute. */
  resolve(path: string): string;
}

const word = z.string().nullish();
const list = <T extends z.ZodType>(item: T) => z.array(item).nullish();
const Cluster = z.object({
  server: z.string(),
  'certificate-authority': word,
  'certificate-authority-data': word,
  'insecure-skip-tls-verify': z.boolean().nullish(),
  'tls-server-name': word,
  'proxy-url': word,
});
const Exec = z.object({
  apiVersion: z.string().default('client.authentication.k8s.io/v1'),
  command: z.string(),
  args: list(z.string()),
  env: list(z.object({ name: z.string(), value: z.string() })),
  installHint: word,
  provideClusterInfo: z.boolean().nullish(),
});
const User = z.object({
  token: word,
  tokenFile: word,
  'client-certificate': word,
  'client-certificate-data': word,
  'client-key': word,
  'client-key-data': word,
  username: word,
  password: word,
  exec: Exec.nullish(),
  'auth-provider': z.object({ name: z.string() }).nullish(),
});
const Context = z.object({ cluster: z.string(), user: z.string().default('') });
const Kubeconfig = z.object({
  'current-context': word,
  clusters: list(z.object({ name: z.string(), cluster: Cluster })),
  users: list(z.object({ name: z.string(), user: User })),
  contexts: list(z.object({ name: z.string(), context: Context })),
});

/**
 * Reads kubeconfigs as kubectl does: of things of the same name, that of the first file counts.
 * @param wanted a context; null: the current one
 * @throws UserError KUBECONFIG_BAD, KUBE_CONTEXT_MISSING, KUBE_AUTH_UNSUPPORTED
 */
export function kubeAccessOf(files: readonly KubeconfigText[], wanted: string | null): KubeAccess {
  const read = files.map((file) => ({ file, config: parseFile(file) }));
  const where = files.map(({ name }) => name).join(', ');
  const name = wanted ?? read.map(({ config }) => config['current-context']).find((current) => current) ?? '';
  const context = firstOf(read, ({ contexts }) => contexts, name)?.found.context;
  if (!context)
    throw contextMissing(
      name,
      where,
      read.flatMap(({ config }) => config.contexts ?? []).map((known) => known.name),
    );
  const cluster = firstOf(read, ({ clusters }) => clusters, context.cluster);
  if (!cluster) throw bad(where, `context ${name} names the cluster ${context.cluster}, which is not there`);
  const user = firstOf(read, ({ users }) => users, context.user);
  if (!user && context.user !== '')
    throw bad(where, `context ${name} names the user ${context.user}, which is not there`);
  if (cluster.found.cluster['proxy-url']) throw unsupported(name, 'a proxy (proxy-url)');
  return accessOf(name, cluster, user);
}

type OfFile<T> = { readonly found: T; readonly file: KubeconfigText };

function accessOf(
  context: string,
  cluster: OfFile<{ readonly cluster: z.infer<typeof Cluster> }>,
  user: OfFile<{ readonly user: z.infer<typeof User> }> | null,
): KubeAccess {
  const { cluster: server } = cluster.found;
  const who = user?.found.user ?? {};
  const provider = who['auth-provider']?.name;
  if (provider) throw unsupported(context, `the old kind of signing in "${provider}" (auth-provider)`);
  const material = (file: KubeconfigText | undefined, data: unknown, path: unknown): Material | null => {
    if (typeof data === 'string' && data !== '') return { kind: 'data', base64: data };
    return file && typeof path === 'string' && path !== ''
      ? { kind: 'file', path: file.resolve(path) }
      : null;
  };
  const { token, username, password } = who;
  return {
    context,
    server: server.server.replace(/\/+$/, ''),
    authority: material(cluster.file, server['certificate-authority-data'], server['certificate-authority']),
    skipVerify: server['insecure-skip-tls-verify'] ?? false,
    serverName: server['tls-server-name'] ?? null,
    certificate: material(user?.file, who['client-certificate-data'], who['client-certificate']),
    key: material(user?.file, who['client-key-data'], who['client-key']),
    token: token ? { kind: 'text', text: token } : material(user?.file, null, who.tokenFile),
    basic: username ? { name: username, password: password ?? '' } : null,
    exec: who.exec && user ? execOf(who.exec, user.file) : null,
  };
}

function execOf(exec: z.infer<typeof Exec>, file: KubeconfigText): ExecPlugin {
  return {
    apiVersion: exec.apiVersion,
    // One with a slash is a path, as shells have it.
    command: exec.command.includes('/') ? file.resolve(exec.command) : exec.command,
    args: exec.args ?? [],
    env: Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value])),
    installHint: exec.installHint ?? '',
    withCluster: exec.provideClusterInfo ?? false,
  };
}

function parseFile({ name, text }: KubeconfigText): z.infer<typeof Kubeconfig> {
  let value: unknown;
  try {
    value = parse(text) ?? {};
  } catch {
    // What is wrong might be quoted from what must not be shown.
    throw bad(name, 'it is not YAML');
  }
  const read = Kubeconfig.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw bad(name, `${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'is wrong'}`);
}

function firstOf<T extends { readonly name: string }>(
  read: readonly { readonly file: KubeconfigText; readonly config: z.infer<typeof Kubeconfig> }[],
  of: (config: z.infer<typeof Kubeconfig>) => readonly T[] | null | undefined,
  name: string,
): OfFile<T> | null {
  for (const { file, config } of read) {
    const found = of(config)?.find((one) => one.name === name);
    if (found) return { found, file };
  }
  return null;
}

function contextMissing(name: string, where: string, known: readonly string[]): UserError {
  const said = name === '' ? `${where} has no current context` : `${where} has no context "${name}"`;
  const path = /^(.+)@([^@]+)$/.exec(name);
  const asPath = path ? `; if "${path[2]}" is a file, write @./${path[2]}` : '';
  return new UserError('KUBE_CONTEXT_MISSING', said, {
    hint: `it has ${known.length === 0 ? 'none' : known.join(', ')}${asPath}`,
  });
}

function bad(where: string, reason: string): UserError {
  return new UserError('KUBECONFIG_BAD', `${where} cannot be used as a kubeconfig: ${reason}`, {
    hint: 'try it with: kubectl get leases',
  });
}

function unsupported(context: string, what: string): UserError {
  return new UserError(
    'KUBE_AUTH_UNSUPPORTED',
    `context ${context} uses ${what}, which slipway does not know`,
    {
      hint: 'use a token, a client certificate, or a plugin (exec)',
    },
  );
}
