import type { Position, Problem } from '../diagnostics/problem.ts';
import type { UserError } from '../diagnostics/user-error.ts';
import type { Painter } from './painter.ts';

/** `file:line:column`, as far as it is known. */
export function positionText({ file, line, column }: Position): string {
  if (line <= 0) return file;
  return column <= 0 ? `${file}:${line}` : `${file}:${line}:${column}`;
}

/** A problem in full: where, what, the text around it, what to do. */
export function problemLines(problem: Problem, paint: Painter): readonly string[] {
  const { message, position, excerpt, hint } = problem;
  const where = position ? `${paint.bold(positionText(position))}: ` : '';
  return [
    ...`${where}${message}`.split('\n'),
    ...(excerpt ? ['', ...excerpt.split('\n')] : []),
    ...(hint ? [...(excerpt ? [''] : []), ...hintLines(hint)] : []),
  ];
}

/** What ended a command, as text for standard error; ends with a newline. */
export function errorText(error: UserError, paint: Painter): string {
  const { message, hint, problems, tail } = error;
  const lines = [
    `${paint.red('Error:')} ${message}`,
    ...problems.flatMap((problem) => ['', ...problemLines(problem, paint)]),
    ...(tail.length > 0 ? ['', 'Last lines of its output:', ...tail.map((line) => `  ${line}`)] : []),
    ...(hint ? ['', ...hintLines(hint)] : []),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function hintLines(hint: string): readonly string[] {
  return `Hint: ${hint}`.split('\n');
}
