/** Shapes of the protocol about being known to registries. @see protocol.ts */
import { z } from 'zod';

/** Whether a registry accepts a user. Nothing is kept. */
export const RegistryLogin = z.strictObject({
  /** host[:port]; docker.io is Docker Hub. */
  registry: z.string(),
  username: z.string(),
  /** Or a token. Never logged. */
  password: z.string(),
});
