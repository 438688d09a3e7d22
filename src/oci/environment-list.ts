/** Variables of an image's list `NAME=value`; of one given twice the last value counts. */
export function variablesOf(env: readonly string[]): ReadonlyMap<string, string> {
  return new Map(env.filter((entry) => entry.includes('=')).map((entry) => [nameIn(entry), valueIn(entry)]));
}

/** The list without the variables that `drops` names. */
export function withoutVariables(
  env: readonly string[],
  drops: (name: string, value: string) => boolean,
): readonly string[] {
  return env.filter((entry) => !drops(nameIn(entry), valueIn(entry)));
}

/** Replaces variables where they stand; new ones come last, sorted by name. */
export function withVariables(env: readonly string[], added: ReadonlyMap<string, string>): readonly string[] {
  const left = new Map([...added].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  const kept = env.flatMap((entry) => {
    const name = nameIn(entry);
    const value = left.get(name);
    left.delete(name);
    if (value !== undefined) return [`${name}=${value}`];
    return added.has(name) ? [] : [entry];
  });
  return [...kept, ...[...left].map(([name, value]) => `${name}=${value}`)];
}

function nameIn(entry: string): string {
  const equals = entry.indexOf('=');
  return equals < 0 ? entry : entry.slice(0, equals);
}

function valueIn(entry: string): string {
  const equals = entry.indexOf('=');
  return equals < 0 ? '' : entry.slice(equals + 1);
}
