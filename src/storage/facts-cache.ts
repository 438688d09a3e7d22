import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ImageFacts } from '../oci/image-facts.ts';

/** Remembers what images are, by a name that never changes its meaning. */
export interface FactsCache {
  get(name: string): Promise<ImageFacts | null>;
  put(name: string, facts: ImageFacts): Promise<void>;
  drop(name: string): Promise<void>;
}

/** Raised when the form of the files changes: older ones are then not looked at. */
const VERSION = '1';

/** A cache of small files below `directory`; a damaged file is as good as none. */
export function factsCache(directory: string, unique: () => string): FactsCache {
  const fileOf = (name: string) => {
    const hash = createHash('sha256').update(name).digest('hex');
    return join(directory, VERSION, hash.slice(0, 2), `${hash}.json`);
  };
  return {
    async get(name) {
      const text = await readFile(fileOf(name), 'utf8').catch(() => null);
      return text === null ? null : parseFacts(text);
    },
    async put(name, facts) {
      const file = fileOf(name);
      const temporary = `${file}.${unique()}`;
      try {
        await mkdir(dirname(file), { recursive: true });
        await writeFile(temporary, JSON.stringify({ ...facts, labels: [...facts.labels] }));
        await rename(temporary, file);
      } catch {
        // A cache that cannot be written costs time, never a build.
        await rm(temporary, { force: true }).catch(() => undefined);
      }
    },
    drop: (name) => rm(fileOf(name), { force: true }).catch(() => undefined),
  };
}

type StoredFacts = Omit<ImageFacts, 'created' | 'labels'> & {
  readonly created: string;
  readonly labels: readonly (readonly [string, string])[];
};

function parseFacts(text: string): ImageFacts | null {
  try {
    const stored: StoredFacts = JSON.parse(text);
    return { ...stored, created: new Date(stored.created), labels: new Map(stored.labels) };
  } catch {
    return null;
  }
}
