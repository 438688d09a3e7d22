import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** Writes a kubeconfig of one context. @returns its path */
export async function kubeconfigOf(
  directory: string,
  {
    server,
    cluster = {},
    user = {},
  }: { readonly server: string; readonly cluster?: object; readonly user?: object },
): Promise<string> {
  const path = join(directory, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    clusters: [{ name: 'a-cluster', cluster: { server, ...cluster } }],
    users: [{ name: 'somebody', user }],
    contexts: [{ name: 'here', context: { cluster: 'a-cluster', user: 'somebody' } }],
  };
  await writeFile(path, stringify(config));
  return path;
}
