/** Shapes of the protocol about rendering templates. @see protocol.ts */
import { z } from 'zod';

export const TemplateFile = z.strictObject({ name: z.string(), text: z.string() });
export const TemplateRender = z.strictObject({
  token: z.string(),
  /** Parsed in this order into one set. */
  files: z.array(TemplateFile),
  /** The one that is executed. */
  main: z.string(),
  env: z.string(),
  commitHash: z.string(),
  /** Unix seconds, and the text form of config.md 2.2. */
  commitUnix: z.string(),
  commitHuman: z.string(),
  debug: z.boolean(),
});
export const TemplateWarning = z.strictObject({
  code: z.string(),
  /** The function or value, such as `now` or `.Commit.Hash`. */
  subject: z.string(),
  file: z.string(),
  line: z.int(),
});
/** Rendered lines [first, first+count) came unchanged from `file`, starting at `line` (all 1-based). */
export const TemplateLines = z.strictObject({
  first: z.int(),
  count: z.int(),
  file: z.string(),
  line: z.int(),
});
/** Why the set cannot be rendered; line and column count from 1, 0 is unknown. */
export const TemplateProblem = z.strictObject({
  message: z.string(),
  /** Name of a file of the set. */
  file: z.string(),
  line: z.int(),
  column: z.int(),
});
export const TemplateRendered = z.strictObject({
  /** Empty where there are problems. */
  text: z.string(),
  problems: z.array(TemplateProblem),
  lines: z.array(TemplateLines),
  warnings: z.array(TemplateWarning),
});
