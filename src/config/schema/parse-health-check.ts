import { parseDuration } from '../duration.ts';
import type { HealthCheck } from '../image-spec.ts';

const OPTION = /^--([a-z-]+)=(\S*)\s*/;
const PERIODS: Readonly<Record<string, 'interval' | 'timeout' | 'startPeriod'>> = {
  interval: 'interval',
  timeout: 'timeout',
  'start-period': 'startPeriod',
};
type Parsed = HealthCheck | { readonly error: string };

/** Reads a health check as a Dockerfile writes it: `NONE`, or `[OPTIONS] CMD command`. */
export function parseHealthCheck(text: string): Parsed {
  let check: HealthCheck = { test: [], interval: null, timeout: null, startPeriod: null, retries: null };
  let rest = text.trim();
  for (let option = OPTION.exec(rest); option; option = OPTION.exec(rest)) {
    const [whole, name = '', value = ''] = option;
    const next = withOption(check, name, value);
    if ('error' in next) return next;
    check = next;
    rest = rest.slice(whole.length);
  }
  if (/^NONE$/i.test(rest)) return { ...check, test: ['NONE'] };
  const command = /^CMD\s+([\s\S]+)$/i.exec(rest)?.[1];
  if (command === undefined) return { error: 'must be `NONE` or `[OPTIONS] CMD command`' };
  return { ...check, test: testOf(command.trim()) };
}

function withOption(check: HealthCheck, name: string, value: string): Parsed {
  const period = PERIODS[name];
  if (period) {
    const milliseconds = parseDuration(value);
    if (milliseconds === null) return { error: `\`--${name}=${value}\` is no duration` };
    return { ...check, [period]: milliseconds };
  }
  if (name !== 'retries') return { error: `\`--${name}\` is no option of a health check` };
  return /^\d+$/.test(value)
    ? { ...check, retries: Number(value) }
    : { error: `\`--retries=${value}\` is no number` };
}

/** A JSON list of words is run as it is, anything else by the shell. */
function testOf(command: string): readonly string[] {
  try {
    const words: unknown = JSON.parse(command);
    if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return ['CMD', ...words];
  } catch {
    // Not JSON: a line for the shell.
  }
  return ['CMD-SHELL', command];
}
