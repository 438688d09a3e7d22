const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Bytes as people read them: `512 B`, `65.4 MiB`. */
export function formatBytes(bytes: number): string {
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const sign = bytes < 0 ? '-' : '';
  return `${sign}${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** `65.4 MiB (+1.2 MiB)`; the difference only where there is one to compare with. */
export function formatSize(bytes: number, delta: number | undefined): string {
  if (delta === undefined) return formatBytes(bytes);
  return `${formatBytes(bytes)} (${delta < 0 ? '' : '+'}${formatBytes(delta)})`;
}

/** Milliseconds as `0.42 seconds`. */
export function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} seconds`;
}

/** Milliseconds in little room: `9.3s`, `2m04s`. */
export function formatElapsed(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`;
}

/** `2026-01-02 03:04:05 +0000 UTC`. */
export function formatDate(date: Date): string {
  const [day, time] = date.toISOString().split('T');
  return `${day} ${(time ?? '').slice(0, 8)} +0000 UTC`;
}
