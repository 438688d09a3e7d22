import { integer, text, toggle } from './flag.ts';

const section = 'volume';

function percent(name: string, fallback: number, variables: readonly string[], summary: string) {
  return integer(name, fallback, { section, env: variables, least: 0, summary, status: 'inert' });
}

/** When old stages of this machine are removed by themselves. */
export const volumeFlags = {
  allowedBackendStorageVolumeUsage: percent(
    'allowed-backend-storage-volume-usage',
    70,
    ['WERF_ALLOWED_BACKEND_STORAGE_VOLUME_USAGE', 'WERF_ALLOWED_DOCKER_STORAGE_VOLUME_USAGE'],
    'percent of the volume of the store in use from which old stages are removed',
  ),
  allowedBackendStorageVolumeUsageMargin: percent(
    'allowed-backend-storage-volume-usage-margin',
    5,
    ['WERF_ALLOWED_BACKEND_STORAGE_VOLUME_USAGE_MARGIN', 'WERF_ALLOWED_DOCKER_STORAGE_VOLUME_USAGE_MARGIN'],
    'percent below it that the removal aims at',
  ),
  allowedLocalCacheVolumeUsage: percent(
    'allowed-local-cache-volume-usage',
    70,
    ['WERF_ALLOWED_LOCAL_CACHE_VOLUME_USAGE'],
    'percent of the volume of the caches in use from which they are trimmed',
  ),
  allowedLocalCacheVolumeUsageMargin: percent(
    'allowed-local-cache-volume-usage-margin',
    5,
    ['WERF_ALLOWED_LOCAL_CACHE_VOLUME_USAGE_MARGIN'],
    'percent below it that the trimming aims at',
  ),
  backendStoragePath: text('backend-storage-path', 'DIR', {
    section,
    env: ['WERF_BACKEND_STORAGE_PATH', 'WERF_DOCKER_SERVER_STORAGE_PATH'],
    summary: 'folder whose volume is watched',
    fallbackText: 'that of the store',
    status: 'inert',
  }),
  disableAutoHostCleanup: toggle('disable-auto-host-cleanup', {
    section,
    env: ['WERF_DISABLE_AUTO_HOST_CLEANUP'],
    summary: 'remove nothing by itself (this version never does)',
  }),
} as const;
