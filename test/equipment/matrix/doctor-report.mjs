/**
 * Reads what `slipway doctor --json` printed, also among other lines, and whatever is missing in it.
 * @param {string} text
 * @returns {{ mode: string, driver: string, why: string, advice: string, rungs: string } | null} null: there is no report in it
 */
export function readDoctor(text) {
  const report = jsonIn(text);
  if (report === null) return null;
  const rungs = Array.isArray(report.rungs) ? report.rungs : [];
  const checks = Array.isArray(report.checks) ? report.checks : [];
  const chosen = report.chosen ?? {};
  const isWrong = ({ state }) => state !== undefined && state !== 'ok';
  const advised = [...checks, ...rungs].filter(isWrong).find((entry) => firstFix(entry) !== '');
  return {
    mode: String(chosen.mode ?? ''),
    driver: String(chosen.driver ?? ''),
    why: sentence(chosen.why),
    advice: advised ? `${advised.title ?? advised.name ?? advised.id}: ${firstFix(advised)}` : '',
    rungs: rungs.map(({ name, state }) => `${name}: ${state}`).join(', '),
  };
}

function firstFix({ fixes }) {
  const [first] = Array.isArray(fixes) ? fixes : [fixes];
  if (first === undefined || first === null) return '';
  if (typeof first === 'string') return first;
  return String(first.command ?? first.line ?? first.text ?? JSON.stringify(first));
}

function sentence(value) {
  if (value === undefined || value === null) return '';
  return Array.isArray(value) ? value.join('; ') : String(value);
}

function jsonIn(text) {
  for (let from = text.indexOf('{'); from >= 0; from = text.indexOf('{', from + 1)) {
    for (let to = text.lastIndexOf('}'); to > from; to = text.lastIndexOf('}', to - 1)) {
      try {
        const value = JSON.parse(text.slice(from, to + 1));
        if (value !== null && typeof value === 'object' && ('rungs' in value || 'checks' in value))
          return value;
        break;
      } catch {
        // Shorter, or from a later brace.
      }
    }
  }
  return null;
}
