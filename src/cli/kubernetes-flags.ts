import { text, toggle } from './flag.ts';

const section = 'kubernetes';

/** Access to a cluster; `build` needs it only for locks that are kept there. */
export const kubernetesFlags = {
  kubeConfig: text('kube-config', 'PATH', {
    section,
    env: ['WERF_KUBE_CONFIG', 'WERF_KUBECONFIG', 'KUBECONFIG'],
    summary: 'file with the access to the cluster',
    fallbackText: '~/.kube/config',
  }),
  kubeConfigBase64: text('kube-config-base64', 'TEXT', {
    section,
    env: ['WERF_KUBE_CONFIG_BASE64', 'WERF_KUBECONFIG_BASE64', 'KUBECONFIG_BASE64'],
    summary: 'the same as text in base64',
    secret: true,
  }),
  kubeContext: text('kube-context', 'NAME', {
    section,
    env: ['WERF_KUBE_CONTEXT'],
    summary: 'context of that file',
  }),
  kubeApiServer: text('kube-api-server', 'URL', {
    section,
    env: ['WERF_KUBE_API_SERVER'],
    summary: 'address of the cluster',
  }),
  kubeCaData: text('kube-ca-data', 'TEXT', {
    section,
    env: ['WERF_KUBE_CA_DATA'],
    summary: 'certificate of its authority',
  }),
  kubeToken: text('kube-token', 'TOKEN', {
    section,
    env: ['WERF_KUBE_TOKEN'],
    summary: 'bearer token',
    secret: true,
  }),
  kubeTokenPath: text('kube-token-path', 'PATH', {
    section,
    env: ['WERF_KUBE_TOKEN_PATH'],
    summary: 'file with the bearer token',
  }),
  skipTlsVerifyKube: toggle('skip-tls-verify-kube', {
    section,
    env: ['WERF_SKIP_TLS_VERIFY_KUBE'],
    summary: 'do not check the certificate of the cluster',
  }),
} as const;
