/** Shapes of the protocol about what a build gets beside its context. @see protocol.ts */
import { z } from 'zod';

export const Pair = z.strictObject({ name: z.string(), value: z.string() });

/** A file that commands may see while they run. Nothing of its content is logged or kept. */
export const BuildSecret = z.strictObject({
  id: z.string(),
  /** Base64. */
  content: z.string(),
});
