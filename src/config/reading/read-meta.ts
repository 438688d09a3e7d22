import type { CleanupSettings, GitWorktreeSettings } from '../project-settings.ts';
import { MetaSection } from '../schema/meta-section.ts';
import { schemaFindings } from '../schema/schema-findings.ts';
import type { ConfigDocument } from '../yaml/config-document.ts';
import type { Findings } from './finding.ts';
import { warnOld } from './image-reading.ts';
import { NO_DEFAULTS, type ProjectDefaults } from './project-defaults.ts';
import { readCleanup } from './read-cleanup.ts';
import { warnOfEssentialLabels } from './read-image-spec.ts';
import type { SourcePositions } from './source-positions.ts';

export interface ReadMeta {
  readonly name: string;
  readonly cleanup: CleanupSettings;
  readonly gitWorktree: GitWorktreeSettings;
  readonly defaults: ProjectDefaults;
}

/** @returns null when the document has problems; they are among the findings */
export function readMeta(
  document: ConfigDocument,
  positions: SourcePositions,
  findings: Findings,
): ReadMeta | null {
  const parsed = MetaSection.safeParse(document.value, { jitless: true });
  if (!parsed.success) {
    findings.problems.push(...schemaFindings(parsed.error.issues, document, MetaSection));
    return null;
  }
  const { project, cleanup, gitWorktree } = parsed.data;
  return {
    name: project,
    cleanup: readCleanup(cleanup),
    gitWorktree: {
      forceShallowClone: gitWorktree?.forceShallowClone ?? false,
      allowUnshallow: gitWorktree?.allowUnshallow ?? true,
      allowFetchOriginBranchesAndTags: gitWorktree?.allowFetchOriginBranchesAndTags ?? true,
    },
    defaults: readDefaults(document, positions, findings, parsed.data.build),
  };
}

function readDefaults(
  document: ConfigDocument,
  positions: SourcePositions,
  findings: Findings,
  build: MetaSection['build'],
): ProjectDefaults {
  if (!build) return NO_DEFAULTS;
  const { imageSpec, sbom } = build;
  const changes = imageSpec?.config;
  if (changes?.clearWerfLabels !== undefined) {
    warnOld(
      { document, findings },
      ['build', 'imageSpec', 'config', 'clearWerfLabels'],
      '`keepEssentialWerfLabels`',
    );
  }
  warnOfEssentialLabels({ document, findings }, ['build', 'imageSpec', 'config', 'removeLabels'], {
    patterns: changes?.removeLabels ?? [],
    keep: changes?.keepEssentialWerfLabels ?? false,
  });
  return {
    cacheVersion: build.cacheVersion ?? '',
    platforms: build.platform ?? [],
    staged: build.staged,
    imageSpec: imageSpec
      ? {
          author: imageSpec.author ?? null,
          clearHistory: imageSpec.clearHistory ?? null,
          labels: new Map(Object.entries(changes?.labels ?? {})),
          removeLabels: changes?.removeLabels ?? [],
          keepEssentialLabels: changes?.keepEssentialWerfLabels ?? null,
        }
      : null,
    sbom: sbom === undefined || sbom === 'none' ? null : sbom,
    position: (field) =>
      document.extent(['build', field]) ? positions.position(document.place(['build', field])) : null,
  };
}
