/** Shapes of the protocol about what the machine allows. @see protocol.ts */
import { z } from 'zod';

/** What is looked at by `doctor`: as StoreOpen. Nothing is opened. */
export const HostCheck = z.strictObject({
  driver: z.string(),
  mode: z.string(),
  runtime: z.string(),
  ulimits: z.array(z.string()),
});
/** One thing that was tried or read. */
export const HostFinding = z.strictObject({
  /** Such as `native-chroot`, `overlay`, `kernel`. */
  id: z.string(),
  title: z.string(),
  /** ok, limited, missing. */
  state: z.string(),
  /** What is there; empty: nothing to tell. */
  found: z.string(),
  /** Why it is not ok: of a trial, what the kernel or a program said. */
  error: z.string(),
  /** Each one mends it, literally. */
  fixes: z.array(z.string()),
});
export const HostReport = z.strictObject({
  /** Such as `a Docker container`. */
  environment: z.string(),
  rungs: z.array(HostFinding),
  drivers: z.array(HostFinding),
  checks: z.array(HostFinding),
  /** What a build would take; `error` where it could take nothing. */
  chosen: z.strictObject({
    mode: z.string(),
    driver: z.string(),
    runtime: z.string(),
    why: z.string(),
    error: z.string(),
    /** Each one mends what is wrong; empty where nothing is. */
    fixes: z.array(z.string()),
  }),
});
