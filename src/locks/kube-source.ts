/** Where the access to a cluster is found, from the options of a command. */
export interface KubeSource {
  /** Several are separated by colons; null: ~/.kube/config, or, inside a cluster, its own. */
  readonly files: string | null;
  /** Beats the files. */
  readonly base64: string | null;
  readonly context: string | null;
  readonly server: string | null;
  /** In base64. */
  readonly authority: string | null;
  readonly token: string | null;
  readonly tokenPath: string | null;
  readonly skipVerify: boolean;
  /** Absolute; paths are relative to it. */
  readonly cwd: string;
  readonly homeDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}
