import type { EngineClient } from '../../helper/engine-client.ts';
import type { SignIn } from '../sign-in.ts';

/** Asks by the engine: mirrors, certificates and permissions are those of pulls. */
export function nativeSignIn(engine: Pick<EngineClient, 'ask'>): SignIn {
  return {
    async check(registry, credentials, signal) {
      await engine.ask('registry.login', { registry, ...credentials }, { signal });
    },
  };
}
