import type { Params, Result } from '../helper/protocol.ts';

export type RenderRequest = Omit<Params<'template.render'>, 'token'>;
export type RenderedTemplate = Result<'template.render'>;

/** What templates may ask for while they are rendered. Refusals are thrown as UserErrors and reach the caller. */
export interface TemplateHost {
  readFile(path: string): Promise<string>;
  glob(pattern: string): Promise<ReadonlyMap<string, string>>;
  exists(path: string): Promise<boolean>;
  isDirectory(path: string): Promise<boolean>;
  env(name: string, fallback: string | null): Promise<string>;
}

export interface TemplateRenderer {
  /** @param onDebug lines of the debug functions */
  render(
    request: RenderRequest,
    host: TemplateHost,
    waiting: { readonly signal: AbortSignal; onDebug(line: string): void },
  ): Promise<RenderedTemplate>;
}
