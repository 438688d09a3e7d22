import { access, constants, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '../diagnostics/user-error.ts';

export interface EngineSearch {
  /** Value of SLIPWAY_ENGINE; '' when it is not set. */
  readonly override: string;
  /** What a relative override starts from. */
  readonly cwd: string;
  /** File of the running program: packages and checkouts are looked for around it. */
  readonly program: string;
  /** As Node names it, such as `x64`. */
  readonly architecture: string;
}

/**
 * Finds the engine: where the variable says, in the platform package, in the checkout's build.
 * @returns absolute path
 * @throws UserError ENGINE_NOT_FOUND naming the places tried
 */
export async function locateEngine(search: EngineSearch): Promise<string> {
  const { override, cwd, program, architecture } = search;
  const places = override === '' ? standardPlaces(program, architecture) : [resolve(cwd, override)];
  for (const place of places) {
    if (await isExecutable(place)) return place;
  }
  throw new UserError('ENGINE_NOT_FOUND', `slipway-engine was not found: tried ${places.join(', ')}`, {
    hint:
      override === ''
        ? 'in a checkout run scripts/setup; installed from npm, install again without --omit=optional'
        : 'SLIPWAY_ENGINE must name the program slipway-engine',
  });
}

function standardPlaces(program: string, architecture: string): readonly string[] {
  const packageName = `slipway-engine-linux-${architecture}`;
  const checkout = join(dirname(program), '..', 'native', 'build', 'slipway-engine');
  try {
    const manifest = createRequire(program).resolve(`${packageName}/package.json`);
    return [join(dirname(manifest), 'slipway-engine'), checkout];
  } catch {
    return [checkout, `the package ${packageName}`];
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
