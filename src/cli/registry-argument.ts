import { UserError } from '../diagnostics/user-error.ts';
import { parseRegistryHost, type RegistryHost } from '../oci/registry-host.ts';

/** @param text '' is Docker Hub @throws UserError for what is no registry */
export function registryArgument(text: string): RegistryHost {
  const host = parseRegistryHost(text);
  if (host !== null) return host;
  throw new UserError('REGISTRY_INVALID', `"${text}" is not a registry`, {
    hint: 'give the host, and its port if it has one, such as registry.example.com:5000',
  });
}
