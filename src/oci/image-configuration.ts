/** An image's configuration as another one is compared with it. */
export interface ImageConfiguration {
  /** sha256:… of the uncompressed layers, the lowest first. */
  readonly diffIds: readonly string[];
  /** What made each layer, as far as the history tells; '' where it does not. */
  readonly instructions: readonly string[];
  /** All but the layers. */
  readonly rest: unknown;
}

/** A place in a configuration where two are different; `-` stands for nothing. */
export interface FieldDifference {
  /** Such as `config.Env[2]` or `config.Labels["a.b"]`. */
  readonly path: string;
  readonly first: string;
  readonly second: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** @param text JSON @param ignoredLabels labels that say nothing about the image */
export function parseImageConfiguration(
  text: string,
  ignoredLabels: readonly string[] = [],
): ImageConfiguration {
  const { rootfs, ...rest } = fieldsOf(JSON.parse(text));
  const { config, history } = rest;
  const { Labels: labels, ...settings } = fieldsOf(config);
  const kept = Object.entries(fieldsOf(labels)).filter(([name]) => !ignoredLabels.includes(name));
  const diffIds = listOf(fieldsOf(rootfs)['diff_ids']).map(String);
  const makers = listOf(history)
    .map(fieldsOf)
    .filter((step) => step['empty_layer'] !== true)
    .map((step) => String(step['created_by'] ?? ''));
  return {
    diffIds,
    instructions: diffIds.map((_, index) => (makers.length === diffIds.length ? (makers[index] ?? '') : '')),
    rest: { ...rest, config: { ...settings, Labels: Object.fromEntries(kept) } },
  };
}

/** Every place where two values differ, in the order of their paths. */
export function fieldDifferences(first: unknown, second: unknown, path = ''): readonly FieldDifference[] {
  const [one, two] = [partsOf(first), partsOf(second)];
  if (one === null || two === null || Array.isArray(first) !== Array.isArray(second)) {
    const [shown, other] = [shownValue(first), shownValue(second)];
    return shown === other ? [] : [{ path, first: shown, second: other }];
  }
  const names = [...new Set([...one.keys(), ...two.keys()])];
  const sorted = Array.isArray(first) ? names : names.sort();
  return sorted.flatMap((name) => {
    const place = Array.isArray(first) ? `${path}[${name}]` : below(path, name);
    return fieldDifferences(one.get(name), two.get(name), place);
  });
}

function below(path: string, name: string): string {
  if (!/^\w+$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === '' ? name : `${path}.${name}`;
}

/** null for what has no parts. */
function partsOf(value: unknown): ReadonlyMap<string, unknown> | null {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : null;
}

function shownValue(value: unknown): string {
  return value === undefined ? '-' : JSON.stringify(value);
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
