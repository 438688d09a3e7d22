import { nativeRegistry } from '../../src/registry/native/native-registry.ts';
import { registryContract } from '../contract/registry.ts';
import { realEngine } from '../helper/real-engine.ts';

registryContract('the engine', async () => nativeRegistry((await realEngine()).engine));
