/** What an image's configuration says of how it runs and what it is, as far as it can be changed without building. */
export interface ImageSettings {
  readonly author: string;
  /** `NAME=value`, in the image's order. */
  readonly env: readonly string[];
  readonly labels: ReadonlyMap<string, string>;
  /** `port[/protocol]` as written. */
  readonly exposedPorts: ReadonlySet<string>;
  readonly volumes: ReadonlySet<string>;
  readonly cmd: readonly string[];
  readonly entrypoint: readonly string[];
  readonly user: string;
  readonly workingDir: string;
  readonly stopSignal: string;
  readonly healthcheck: HealthSettings | null;
  readonly history: readonly HistoryEntry[];
}

/** As configurations write it; what is left out is the runtime's default. */
export interface HealthSettings {
  readonly Test?: readonly string[];
  /** Nanoseconds. */
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly Retries?: number;
}

/** A step that made the image; there are as many without `empty_layer` as layers, or none at all. */
export interface HistoryEntry {
  readonly created?: unknown;
  readonly empty_layer?: unknown;
}

/** What may be read of a configuration beside its settings. */
export interface ImageFrame {
  readonly layers: number;
  /** RFC 3339; '' where it is not told. */
  readonly created: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** @param configuration JSON of an OCI or Docker image configuration */
export function imageSettings(configuration: string): ImageSettings {
  return settingsOf(fieldsOf(JSON.parse(configuration)));
}

/**
 * Changes settings and leaves everything else, unknown fields and the order of fields too, as it is.
 * @param configuration JSON of an OCI or Docker image configuration
 * @param change gives the settings that become others
 */
export function changedSettings(
  configuration: string,
  change: (settings: ImageSettings, frame: ImageFrame) => Partial<ImageSettings>,
): string {
  const whole = fieldsOf(JSON.parse(configuration));
  const { created } = whole;
  const layers = listOf(fieldsOf(whole['rootfs'])['diff_ids']).length;
  const next = change(settingsOf(whole), { layers, created: typeof created === 'string' ? created : '' });
  const top = new Map(Object.entries(whole));
  const config = new Map(Object.entries(fieldsOf(whole['config'])));
  const put = (fields: Map<string, unknown>, name: string, value: unknown, isEmpty: boolean) => {
    if (value === undefined) return;
    if (isEmpty) fields.delete(name);
    else fields.set(name, value);
  };
  put(top, 'author', next.author, next.author === '');
  put(top, 'history', next.history, next.history?.length === 0);
  put(config, 'User', next.user, next.user === '');
  put(config, 'WorkingDir', next.workingDir, next.workingDir === '');
  put(config, 'StopSignal', next.stopSignal, next.stopSignal === '');
  put(config, 'Env', next.env, next.env?.length === 0);
  put(config, 'Healthcheck', next.healthcheck, next.healthcheck === null);
  const { labels, exposedPorts, volumes } = next;
  put(config, 'Labels', labels && Object.fromEntries(labels), labels?.size === 0);
  put(
    config,
    'ExposedPorts',
    exposedPorts && marks(config.get('ExposedPorts'), exposedPorts),
    exposedPorts?.size === 0,
  );
  put(config, 'Volumes', volumes && marks(config.get('Volumes'), volumes), volumes?.size === 0);
  putWords(config, 'Cmd', next.cmd);
  putWords(config, 'Entrypoint', next.entrypoint);
  top.set('config', Object.fromEntries(config));
  return JSON.stringify(Object.fromEntries(top));
}

/** Words of a command; the single empty word that some tools write for none is none. */
export function commandWords(words: readonly string[]): readonly string[] {
  return words.length === 1 && words[0] === '' ? [] : words;
}

/** An empty list stays visible where there was a command before. */
function putWords(config: Map<string, unknown>, name: string, words: readonly string[] | undefined): void {
  if (words === undefined || (words.length === 0 && !config.has(name))) return;
  config.set(name, words);
}

/** Names as keys with an empty value; those that are there keep theirs. */
function marks(before: unknown, names: ReadonlySet<string>): Fields {
  const known = fieldsOf(before);
  return Object.fromEntries([...names].map((name) => [name, known[name] ?? {}]));
}

function settingsOf(whole: Fields): ImageSettings {
  const config = fieldsOf(whole['config']);
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const texts = (value: unknown) => listOf(value).map(String);
  const labels = Object.entries(fieldsOf(config['Labels']));
  return {
    author: text(whole['author']),
    history: listOf(whole['history']).map(fieldsOf),
    env: texts(config['Env']),
    labels: new Map(labels.map(([name, value]) => [name, String(value)])),
    exposedPorts: new Set(Object.keys(fieldsOf(config['ExposedPorts']))),
    volumes: new Set(Object.keys(fieldsOf(config['Volumes']))),
    cmd: texts(config['Cmd']),
    entrypoint: texts(config['Entrypoint']),
    user: text(config['User']),
    workingDir: text(config['WorkingDir']),
    stopSignal: text(config['StopSignal']),
    healthcheck: isFields(config['Healthcheck']) ? config['Healthcheck'] : null,
  };
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
