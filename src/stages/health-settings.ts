import type { HealthCheck } from '../config/image-spec.ts';
import type { HealthSettings } from '../oci/image-settings.ts';
import { type Canonical, optional } from './canonical.ts';

const NANOSECONDS = 1_000_000;

/** @param before whose command stays where the check names none */
export function healthSettings(check: HealthCheck, before: HealthSettings | null): HealthSettings {
  const test = check.test.length > 0 ? check.test : (before?.Test ?? []);
  const period = (name: string, milliseconds: number | null) =>
    milliseconds === null ? {} : { [name]: Math.round(milliseconds * NANOSECONDS) };
  return {
    ...(test.length === 0 ? {} : { Test: test }),
    ...period('Interval', check.interval),
    ...period('Timeout', check.timeout),
    ...period('StartPeriod', check.startPeriod),
    ...(check.retries === null ? {} : { Retries: check.retries }),
  };
}

/** For digests: all fields in order, those that are not given as an empty list. */
export function canonicalHealthCheck(check: HealthCheck | null): Canonical {
  if (check === null) return [];
  const { test, interval, timeout, startPeriod, retries } = check;
  return [test, optional(interval), optional(timeout), optional(startPeriod), optional(retries)];
}
