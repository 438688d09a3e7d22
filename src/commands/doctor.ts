import type { HostFinding, HostReport } from '../engine/engine.ts';
import type { Session } from './session.ts';

/** Tries what builds need on this machine. */
export function doctor({ ports, signal }: Session): Promise<HostReport> {
  return ports.builder.check(signal);
}

/** For programs: the report as it is. */
export function reportJson(report: HostReport): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

const LISTS = [
  ['How RUN steps can be isolated, best first', 'rungs'],
  ['How layers can be kept, best first', 'drivers'],
  ['What they depend on', 'checks'],
] as const;

/** For people: a line for each finding, below it why it is not ok and what mends it. */
export function reportText(report: HostReport, version: string): string {
  const lines = [`slipway ${version} on ${report.environment}`];
  for (const [title, list] of LISTS) {
    if (report[list].length === 0) continue;
    lines.push('', title, ...report[list].flatMap((finding) => findingLines(finding, width(report[list]))));
  }
  if (report.chosen.error === '') lines.push('', chosenLine(report));
  return lines.map((line) => `${line}\n`).join('');
}

function width(findings: readonly HostFinding[]): number {
  return Math.max(...findings.map(({ title }) => title.length));
}

const INDENT = ' '.repeat(11);

function findingLines({ title, state, found, error, fixes }: HostFinding, wide: number): readonly string[] {
  const first = `  ${state.padEnd(7)}  ${title.padEnd(wide)}  ${found}`.trimEnd();
  return [
    first,
    ...(error === '' ? [] : error.split('\n').map((line) => `${INDENT}${line}`)),
    ...fixes.map((fix) => `${INDENT}to mend it: ${fix.split('\n').join(`\n${INDENT}  `)}`),
  ];
}

function chosenLine({ chosen }: HostReport): string {
  const runtime = chosen.runtime === '' ? '' : ` (${chosen.runtime})`;
  return `Builds use ${chosen.mode}${runtime} and ${chosen.driver}: ${chosen.why}`;
}
