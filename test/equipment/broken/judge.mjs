/**
 * Compares what doctor and the build printed with what an environment expects.
 * @returns {{ problems: string[], cells: string[] }} cells: what doctor says, its fix, what the build says, rung and driver
 */
export function judge({ doctor, build = {}, rung = '', driver = '' }, { json, doctor: human, build: built }) {
  const problems = [];
  const expect = (is, problem) => {
    if (!is) problems.push(problem);
  };
  for (const [name, { code, left }] of Object.entries({ json, doctor: human, build: built })) {
    expect(code !== 124 && code !== 137, `${name}: did not end`);
    expect(left === '', `${name}: left behind: ${left}`);
  }
  const told = doctor.refuses ? refusal(json) : reported(json, doctor.finding);
  if (told.report) {
    const { chosen } = told.report;
    expect(json.code === (chosen.error === '' ? 0 : 1), `doctor --json: exit code ${json.code}`);
    expect(chosen.mode === rung && chosen.driver === driver, `takes ${chosen.mode}, ${chosen.driver}`);
  } else expect(doctor.refuses && json.code === 1, `doctor --json: exit code ${json.code}: ${json.stderr}`);
  const fix = told.fixes.find((one) => doctor.fix.test(one)) ?? '';
  expect(doctor.says.test(told.cause), `doctor says: ${told.cause}`);
  expect(fix !== '', `doctor's fixes: ${told.fixes.join(' | ')}`);
  expect(flat(human.stdout + human.stderr).includes(flat(fix)), 'doctor for people does not tell the fix');
  expect(human.code === json.code, `doctor: exit code ${human.code}`);
  const said = sayingOf(built, build.says === undefined ? doctor.says : build.says);
  const { exit = 0, says = doctor.says, hint = doctor.fix } = build;
  expect(built.code === exit, `build: exit code ${built.code}: ${flat(built.stdout + built.stderr)}`);
  expect(says === null || said.text !== '', `build does not say it: ${flat(built.stdout + built.stderr)}`);
  if (exit === 1) {
    expect(said.errors === 1, `build: ${said.errors} errors`);
    expect(hint.test(said.hint), `build's hint: ${said.hint}`);
  }
  expect(
    !/internal error|\n\s+at .*:\d+:\d+/.test(built.stdout + built.stderr + json.stderr),
    'an internal error',
  );
  const chosen = told.report?.chosen;
  const taken = chosen?.mode ? [chosen.mode, chosen.driver].filter(Boolean).join(', ') : 'none';
  return {
    problems,
    cells: [told.shown ?? told.cause, fix, says === null ? 'builds as usual' : said.text, taken],
  };
}

/** What a run says that gives no report. */
function refusal({ stderr }) {
  const [, cause = '', hint = ''] = /^Error: ([\s\S]*?)(?:\n+Hint: ([\s\S]*))?$/.exec(stderr.trim()) ?? [];
  return { cause: flat(cause), fixes: [flat(hint)] };
}

function reported({ stdout }, id) {
  let report;
  try {
    report = JSON.parse(stdout);
  } catch {
    return { cause: '', fixes: [] };
  }
  if (id === 'chosen') return { report, cause: report.chosen.error, fixes: report.chosen.fixes };
  const lists = id.endsWith(' driver') ? [report.drivers] : [report.rungs, report.checks];
  const found = lists.flat().find((finding) => finding.id === id.replace(/ driver$/, ''));
  if (!found || found.state === 'ok') return { report, cause: '', fixes: [] };
  const cause = [found.found, found.error].filter(Boolean).join(': ');
  return { report, cause, shown: found.error || found.found, fixes: found.fixes };
}

/** The one sentence of a build: its error, else its line on rung and driver, else a warning. */
function sayingOf({ code, stdout, stderr }, says) {
  const text = (stdout + stderr).replace(/^Version: .*\n/, '');
  const errors = text.split('\n').filter((line) => line.startsWith('Error: '));
  const hint = flat(/^Hint: ([\s\S]*)$/m.exec(text)?.[1] ?? '');
  const paragraphs = text.split(/\n\n+|\n(?=WARNING: |[┌⛵])/).map(flat);
  const candidates = code === 0 ? paragraphs.filter((line) => !/^[│┌└⛵]/.test(line)) : errors.map(flat);
  const told = says === null ? '' : (candidates.find((line) => says.test(line)) ?? '');
  return { text: told, errors: errors.length, hint };
}

function flat(text) {
  return text.replaceAll(/\s+/g, ' ').trim();
}
