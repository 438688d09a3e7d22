// What was measured, as a Markdown table.

/** Collects figures; rows stand in the order in which cases first came, slipway first. */
export function results() {
  const cases = new Map();
  return {
    isEmpty: () => cases.size === 0,
    add(what, who, { seconds, cpu, rss }) {
      if (!cases.has(what)) cases.set(what, new Map());
      const contestants = cases.get(what);
      if (!contestants.has(who)) contestants.set(who, { seconds: [], cpu: [], rss: [] });
      contestants.get(who).seconds.push(seconds);
      if (cpu !== undefined) contestants.get(who).cpu.push(cpu);
      if (rss !== undefined) contestants.get(who).rss.push(rss);
    },
    text: (title) => [title, '', ...HEAD, ...[...cases].flatMap(rowsOf)].join('\n'),
  };
}

const HEAD = [
  '| case | by | s, min / median | times slipway, min / median | processor s, min / median | peak memory, MiB | runs |',
  '| --- | --- | --- | --- | --- | --- | --- |',
];
const ORDER = ['slipway', 'buildah', 'skopeo', 'curl'];

function rowsOf([what, contestants]) {
  const own = contestants.get('slipway')?.seconds;
  return [...contestants]
    .sort(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b))
    .map(([who, { seconds, cpu, rss }]) => {
      const ratios = own ? pair(Math.min(...seconds) / Math.min(...own), median(seconds) / median(own)) : '';
      const memory = rss.length > 0 ? Math.round(Math.max(...rss)) : '';
      const cells = [what, who, leastAndMedian(seconds), ratios, leastAndMedian(cpu), memory, seconds.length];
      return `| ${cells.join(' | ')} |`;
    });
}

function leastAndMedian(values) {
  return values.length > 0 ? pair(Math.min(...values), median(values)) : '';
}

function pair(first, second) {
  return `${first.toFixed(2)} / ${second.toFixed(2)}`;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
