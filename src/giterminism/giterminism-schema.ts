import { z } from 'zod';

const Names = z.array(z.string()).optional();
const Flag = z.boolean().optional();

/** Exact names, and regular expressions between slashes. */
const NamePatterns = z
  .array(
    z.string().superRefine((text, context) => {
      const pattern = /^\/(.*)\/$/s.exec(text)?.[1];
      if (pattern === undefined) return;
      try {
        new RegExp(pattern);
      } catch {
        context.addIssue({ code: 'custom', message: `"${text}" is not a regular expression` });
      }
    }),
  )
  .optional();

/** `werf-giterminism.yaml`, whole. */
export const GiterminismConfig = z.strictObject({
  giterminismConfigVersion: z.union([z.literal(1), z.literal('1')]),
  cli: z.strictObject({ allowCustomTags: Flag }).optional(),
  config: z
    .strictObject({
      allowUncommitted: Flag,
      allowUncommittedTemplates: Names,
      goTemplateRendering: z
        .strictObject({ allowEnvVariables: NamePatterns, allowUncommittedFiles: Names })
        .optional(),
      secrets: z
        .strictObject({ allowEnvVariables: Names, allowFiles: Names, allowValueIds: Names })
        .optional(),
      stapel: z
        .strictObject({
          allowFromLatest: Flag,
          git: z.strictObject({ allowBranch: Flag }).optional(),
          mount: z.strictObject({ allowBuildDir: Flag, allowFromPaths: Names }).optional(),
        })
        .optional(),
      dockerfile: z
        .strictObject({
          allowUncommitted: Names,
          allowUncommittedDockerignoreFiles: Names,
          allowContextAddFiles: Names,
        })
        .optional(),
    })
    .optional(),
  helm: z.strictObject({ allowUncommittedFiles: Names }).optional(),
  includes: z.strictObject({ allowIncludesUpdate: Flag }).optional(),
});
export type GiterminismConfig = z.infer<typeof GiterminismConfig>;
