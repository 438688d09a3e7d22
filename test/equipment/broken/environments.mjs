import { IDS } from './ids.mjs';
import { KERNEL } from './kernel.mjs';
import { PLACES, STORES } from './places.mjs';
import { ASKED, PROCESS } from './process.mjs';

/**
 * All broken environments, in the order of the table. Each has
 * - how it is made: `setup` in the words of the stage's shell, `user` (builder by default), `variables` (null: not set), `through` what
 *   the program is started, `privileges` for setpriv, `limits` for prlimit, `needs` of what must be fetched, `project` (run by default);
 * - what is expected: `doctor` with the id of its finding (`chosen`: the last word; `refuses`: there is no report), the cause that it
 *   `says` and its `fix`; `build` with `exit` (0 by default), what it `says` (as doctor; null: nothing, it builds as usual) and its
 *   `hint` (as doctor's fix); `rung` and `driver` that are taken.
 */
export const ENVIRONMENTS = [...IDS, ...KERNEL, ...STORES, ...PLACES, ...PROCESS, ...ASKED];
