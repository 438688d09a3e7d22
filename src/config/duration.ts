const MILLISECONDS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w)/y;

/** Reads a duration as Go writes it, days and weeks too. @returns milliseconds, or null when it is none */
export function parseDuration(text: string): number | null {
  if (text === '0') return 0;
  let milliseconds = 0;
  PART.lastIndex = 0;
  for (let at = 0; at < text.length || at === 0; at = PART.lastIndex) {
    const part = PART.exec(text);
    if (!part) return null;
    milliseconds += Number(part[1]) * (MILLISECONDS[part[2] ?? ''] ?? Number.NaN);
  }
  return milliseconds;
}
