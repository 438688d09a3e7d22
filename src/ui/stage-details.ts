import type { StageSummary } from '../progress/events.ts';
import { formatDate, formatSize } from './quantities.ts';

const LABEL_WIDTH = 9;
const SHORT_ID = 12;

/** The lines about a stage below its title: labels right-aligned to nine columns. */
export function stageDetails(summary: StageSummary): readonly string[] {
  const { name, id, created, size, sizeDelta, commit, platform, network } = summary;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['name', name],
    ['id', id.replace(/^sha256:/, '').slice(0, SHORT_ID)],
    ['created', formatDate(created)],
    ['size', formatSize(size, sizeDelta)],
    ['commit', commit],
    ['platform', platform],
    ['network', network],
  ];
  return rows.flatMap(([label, value]) =>
    value === undefined || value === '' ? [] : [`${label.padStart(LABEL_WIDTH)}: ${value}`],
  );
}
