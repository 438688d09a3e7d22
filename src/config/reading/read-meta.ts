import type { Position } from '../../diagnostics/problem.ts';
import type { Platform } from '../../oci/platform.ts';
import type { ProjectImageSpec } from '../image-spec.ts';
import type { SbomStandard } from '../project.ts';
import type { CleanupSettings, GitWorktreeSettings } from '../project-settings.ts';
import { MetaSection } from '../schema/meta-section.ts';
import { schemaFindings } from '../schema/schema-findings.ts';
import type { ConfigDocument } from '../yaml/config-document.ts';
import type { Findings } from './finding.ts';
import { warnOld } from './image-reading.ts';
import { readCleanup } from './read-cleanup.ts';
import { warnOfEssentialLabels } from './read-image-spec.ts';
import type { SourcePositions } from './source-positions.ts';

/** What images have where they say nothing themselves. */
export interface ProjectDefaults {
  readonly cacheVersion: string;
  readonly platforms: readonly Platform[];
  readonly staged: boolean;
  readonly imageSpec: ProjectImageSpec | null;
  readonly sbom: SbomStandard | null;
  /** Where the fields of `build` are written; null: not given. */
  position(field: string): Position | null;
}

export const NO_DEFAULTS: ProjectDefaults = {
  cacheVersion: '',
  platforms: [],
  staged: false,
  imageSpec: null,
  sbom: null,
  position: () => null,
};

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
