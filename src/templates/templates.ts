import type { UserError } from '../diagnostics/user-error.ts';
import type { Params, Result } from '../helper/protocol.ts';

export type RenderRequest = Omit<Params<'template.render'>, 'token'>;
export type TemplateProblem = Result<'template.render'>['problems'][number];
export type TemplateWarning = Result<'template.render'>['warnings'][number];
/** Rendered lines that came unchanged from a file of the set. */
export type TemplateLines = Result<'template.render'>['lines'][number];

export interface RenderedTemplate extends Result<'template.render'> {
  /** What the host refused with, where that ended the rendering; its hint and code tell more than the template's error. */
  readonly refusal: UserError | null;
}

/** What templates may ask for while they are rendered. Refusals are thrown as UserErrors. */
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
