import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** How long the images of a project took when they were last built, in milliseconds by name. */
export interface ImageTimes {
  read(): Promise<ReadonlyMap<string, number>>;
  /** Adds to what is known. */
  note(times: ReadonlyMap<string, number>): Promise<void>;
}

/** Kept in a file; one that cannot be read or written only makes the order of builds worse. */
export function imageTimes(file: string, unique: () => string): ImageTimes {
  const read = async (): Promise<ReadonlyMap<string, number>> => {
    try {
      const stored: unknown = JSON.parse(await readFile(file, 'utf8'));
      const entries = Object.entries(stored as Record<string, unknown>);
      return new Map(entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
    } catch {
      return new Map();
    }
  };
  return {
    read,
    async note(times) {
      if (times.size === 0) return;
      const all = Object.fromEntries([...(await read()), ...times]);
      const temporary = `${file}.${unique()}`;
      try {
        await mkdir(dirname(file), { recursive: true });
        await writeFile(temporary, JSON.stringify(all));
        await rename(temporary, file);
      } catch {
        await rm(temporary, { force: true }).catch(() => undefined);
      }
    },
  };
}
