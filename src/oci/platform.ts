/** Normalised `os/arch[/variant]`, such as `linux/amd64`. */
export type Platform = string & { readonly __platform: unique symbol };

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
  armhf: 'arm/v7',
  armel: 'arm/v6',
  i386: '386',
  i686: '386',
};
const DEFAULT_VARIANTS: Readonly<Record<string, string>> = { 'arm64/v8': 'arm64', 'amd64/v1': 'amd64' };

/** Accepts what Docker accepts: `amd64`, `linux/arm64/v8`, `aarch64`. @returns null when it is no platform */
export function parsePlatform(text: string): Platform | null {
  const parts = text.trim().toLowerCase().split('/');
  if (parts.some((part) => !/^[a-z0-9_.-]+$/.test(part)) || parts.length > 3) return null;
  const hasOs = parts.length > 1 && !(parts[0] ?? '').startsWith('arm');
  const os = hasOs ? parts[0] : 'linux';
  const machine = (hasOs ? parts.slice(1) : parts).join('/');
  const [name = '', variant] = machine.split('/');
  const known = ARCHITECTURES[name] ?? name;
  const full = variant === undefined || known.includes('/') ? known : `${known}/${variant}`;
  return `${os}/${DEFAULT_VARIANTS[full] ?? full}` as Platform;
}
