import type { Problem } from '../diagnostics/problem.ts';

export interface Warning {
  readonly problem: Problem;
  readonly image: string | null;
}

/** Collects warnings, each once. */
export interface WarningList {
  /** @returns false when an equal one is there already */
  add(warning: Warning): boolean;
  all(): readonly Warning[];
}

export function warningList(): WarningList {
  const warnings = new Map<string, Warning>();
  return {
    add(warning) {
      const { code, message, position } = warning.problem;
      const key = JSON.stringify([code, message, position ?? null]);
      if (warnings.has(key)) return false;
      warnings.set(key, warning);
      return true;
    },
    all: () => [...warnings.values()],
  };
}
